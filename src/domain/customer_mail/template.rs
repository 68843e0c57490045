//! Is a text fit to be sent?

use super::{Kind, MailTemplate};

const LONGEST_SUBJECT: usize = 200;
const LONGEST_BODY: usize = 8_000;

/// What is wrong, by field; at least one is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateErrors {
    pub subject: Option<String>,
    pub body: Option<String>,
}

/// The text as it is kept, or what is wrong with it. For campaigns' own texts too.
pub fn check(kind: Kind, typed: &MailTemplate) -> Result<MailTemplate, TemplateErrors> {
    let subject = typed.subject.trim().to_owned();
    let body = typed.body.replace("\r\n", "\n").trim().to_owned();
    let errors = TemplateErrors {
        subject: subject_error(kind, &subject),
        body: body_error(kind, &body),
    };
    if errors == TemplateErrors::default() {
        Ok(MailTemplate { subject, body })
    } else {
        Err(errors)
    }
}

fn subject_error(kind: Kind, subject: &str) -> Option<String> {
    if subject.is_empty() {
        return Some("Enter a subject.".to_owned());
    }
    if subject.chars().count() > LONGEST_SUBJECT {
        return Some(format!("Shorten it to {LONGEST_SUBJECT} characters."));
    }
    if subject.chars().any(char::is_control) {
        return Some("Write the subject on one line.".to_owned());
    }
    if subject.contains("{link}") {
        return Some("The link cannot stand in the subject.".to_owned());
    }
    unknown(kind, subject)
}

fn body_error(kind: Kind, body: &str) -> Option<String> {
    if body.is_empty() {
        return Some("Enter a text.".to_owned());
    }
    if body.chars().count() > LONGEST_BODY {
        return Some(format!("Shorten it to {LONGEST_BODY} characters."));
    }
    if body
        .chars()
        .any(|c| c.is_control() && c != '\n' && c != '\t')
    {
        return Some("Remove the characters that nobody can see.".to_owned());
    }
    if kind.has_link() && !body.contains("{link}") {
        return Some(
            "Put {link} where the link is to stand; without it the mail is of no use.".to_owned(),
        );
    }
    unknown(kind, body)
}

/// The first thing in braces that means nothing here.
fn unknown(kind: Kind, text: &str) -> Option<String> {
    if text.contains("{{") {
        return Some("Write a placeholder in single braces: {tenant}, not {{tenant}}.".to_owned());
    }
    for part in text.split('{').skip(1) {
        let Some((name, _)) = part.split_once('}') else {
            return Some("A brace { is not closed by }.".to_owned());
        };
        if !kind.placeholders().contains(&name) {
            let known: Vec<_> = kind
                .placeholders()
                .iter()
                .map(|one| format!("{{{one}}}"))
                .collect();
            return Some(format!(
                "{{{name}}} means nothing in this mail. Use {}.",
                known.join(", ")
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    fn template(subject: &str, body: &str) -> MailTemplate {
        MailTemplate {
            subject: subject.into(),
            body: body.into(),
        }
    }

    #[test]
    fn the_products_own_texts_are_fit_in_every_language() {
        for kind in Kind::ALL {
            for language in Language::ALL {
                let text = kind.default_template(language);
                assert_eq!(
                    check(kind, &text),
                    Ok(text.clone()),
                    "{kind:?} {language:?}"
                );
            }
        }
    }

    #[test]
    fn what_means_nothing_or_lacks_the_link_is_told_on_its_field() {
        let wrong = check(Kind::Invitation, &template("{nobody}", "No way in.")).unwrap_err();
        assert!(wrong.subject.unwrap().starts_with("{nobody} means nothing"));
        assert!(wrong.body.unwrap().starts_with("Put {link}"));
        let wrong = check(Kind::Completed, &template("a\nb", "{link} {")).unwrap_err();
        assert_eq!(wrong.subject.unwrap(), "Write the subject on one line.");
        assert!(wrong.body.unwrap().starts_with("{link} means nothing"));
        assert!(check(Kind::Completed, &template("", "")).is_err());
        let wrong = check(Kind::Invitation, &template("Hello", "Go to {{link}}")).unwrap_err();
        assert!(wrong.body.unwrap().contains("single braces"));
    }
}
