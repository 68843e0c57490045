//! The letter to a customer: an MSP's text with its values, as text and as HTML. The text is plain with placeholders in
//! braces; paragraphs are parted by empty lines, lines that begin with "- " are a list, and the link on a line of its own
//! is a button. Nothing of it reaches the HTML but escaped. What protects the reader stands below it and cannot be edited.

mod body;

use askama::Template;

use super::{Letter, SendError};
use crate::language::Language;

use body::{Block, blocks};

/// The accent of mails and of the onboarding page when the MSP chose none.
pub const ACCENT: &str = "#1f5fbf";

/// What a letter to a customer is made of.
#[derive(Debug, Clone)]
pub struct CustomerLetter {
    pub to: String,
    pub language: Language,
    /// With placeholders.
    pub subject: String,
    pub body: String,
    /// By placeholder. A value of several lines is a list.
    pub values: Vec<(&'static str, String)>,
    /// The link of the button; none: the letter has none.
    pub link: Option<String>,
    pub msp_name: String,
    /// Sentences below the text: a PIN, who sends it, the reference.
    pub facts: Vec<String>,
    /// Where to report a suspicious letter; empty: not said.
    pub report_to: String,
    /// How to reach the MSP, as it wrote it; empty: not said.
    pub contact: String,
    /// `#rrggbb`, dark enough for white letters.
    pub accent: String,
    /// Address of the MSP's logo; none without.
    pub logo: Option<String>,
}

/// A part of a letter, for pages that show what it will look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The lines of a paragraph.
    Text(Vec<String>),
    List(Vec<String>),
    /// The button, and the address below it.
    Link(String),
    Warning(String),
    Small(String),
}

#[derive(Template)]
#[template(path = "mail/customer.html")]
struct Html<'a> {
    letter: &'a CustomerLetter,
    subject: &'a str,
    parts: &'a [Part],
    button: &'a str,
}

impl CustomerLetter {
    /// Everything of it in order.
    pub fn parts(&self) -> Vec<Part> {
        let body = blocks(&self.body, &self.all_values());
        let body = body.into_iter().map(|block| match block {
            Block::Text(lines) => Part::Text(lines),
            Block::List(items) => Part::List(items),
            Block::Link => Part::Link(self.link.clone().unwrap_or_default()),
        });
        body.chain(self.below()).collect()
    }

    /// The letter as it goes out.
    pub fn compose(&self) -> Result<Letter, SendError> {
        let subject = self.subject();
        let html = Html {
            letter: self,
            subject: &subject,
            parts: &self.parts(),
            button: &self.language.book().mail.button.text(),
        };
        let html = html
            .render()
            .map_err(|error| SendError::Composition(Box::new(error)))?;
        Ok(Letter {
            to: self.to.clone(),
            text: self.text(),
            subject,
            html,
        })
    }

    /// One line, whatever the values hold.
    pub fn subject(&self) -> String {
        let filled = body::fill(&self.subject, &self.all_values(), ", ");
        let line: String = filled
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn all_values(&self) -> Vec<(&'static str, String)> {
        let link = self.link.clone().map(|link| ("link", link));
        self.values.iter().cloned().chain(link).collect()
    }

    /// What stands below the text and cannot be edited.
    fn below(&self) -> Vec<Part> {
        let words = &self.language.book().mail;
        let mut all = Vec::new();
        if !self.facts.is_empty() {
            all.push(Part::Small(self.facts.join(" ")));
        }
        if self.link.is_some() {
            let warning = format!("{} {}", words.warning.text(), words.warning_why.text());
            all.push(Part::Warning(warning));
            all.push(Part::Small(words.unexpected.text()));
        }
        if !self.report_to.is_empty() {
            let report = words.report.with("address", &self.report_to);
            all.push(Part::Small(report.text()));
        }
        if !self.contact.is_empty() {
            all.push(Part::Small(self.contact.clone()));
        }
        all
    }

    /// As plain text.
    pub fn text(&self) -> String {
        let parts = self.parts().into_iter().map(|part| match part {
            Part::Text(lines) => lines.join("\n"),
            Part::List(items) => {
                let items: Vec<String> = items.iter().map(|item| format!("- {item}")).collect();
                items.join("\n")
            }
            Part::Link(line) | Part::Warning(line) | Part::Small(line) => line,
        });
        let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
        format!("{}\n", parts.join("\n\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> CustomerLetter {
        CustomerLetter {
            to: "it@contoso.example".into(),
            language: Language::En,
            subject: "{msp} asks {tenant}".into(),
            body: "{msp} asks {tenant}.\nSecond line.\n\n{link}\n\n{resources}\n\nSee {link}."
                .into(),
            values: vec![
                ("msp", "Nordwind IT".into()),
                (
                    "tenant",
                    "Contoso & Sons <Ltd>\r\nBcc: x@evil.example".into(),
                ),
                ("resources", "Microsoft Graph\nExchange <Online>".into()),
            ],
            link: Some("https://portal.example/onboarding/inv_abc".into()),
            msp_name: "Nordwind IT".into(),
            facts: vec!["Reference: R-7KQ2".into()],
            report_to: "security@nordwind.example".into(),
            contact: String::new(),
            accent: ACCENT.into(),
            logo: None,
        }
    }

    #[test]
    fn both_forms_carry_the_link_the_facts_and_the_warning() {
        let composed = letter().compose().unwrap();
        for body in [&composed.text, &composed.html] {
            for part in [
                "https://portal.example/onboarding/inv_abc",
                "R-7KQ2",
                "never send codes",
                "security@nordwind.example",
                "Second line.",
            ] {
                assert!(body.contains(part), "{part} is missing in {body}");
            }
        }
        assert!(composed.text.contains("- Microsoft Graph\n"));
        assert!(composed.html.contains("<li>Exchange &#60;Online&#62;</li>"));
    }

    #[test]
    fn names_are_text_and_a_subject_is_one_line() {
        let composed = letter().compose().unwrap();
        assert!(composed.text.contains("Contoso & Sons <Ltd>"));
        assert!(!composed.html.contains("<Ltd>"));
        assert_eq!(
            composed.subject,
            "Nordwind IT asks Contoso & Sons <Ltd> Bcc: x@evil.example"
        );
    }

    #[test]
    fn markup_in_the_text_itself_is_text_too() {
        let mut letter = letter();
        letter.body = "<img src=x onerror=alert(1)> {unknown} { {link".into();
        let composed = letter.compose().unwrap();
        assert!(!composed.html.contains("<img"));
        assert!(composed.text.contains("{unknown} { {link"));
    }

    #[test]
    fn without_a_link_there_is_no_button_and_no_warning_of_codes() {
        let mut letter = letter();
        letter.link = None;
        letter.body = "Done.".into();
        let composed = letter.compose().unwrap();
        assert!(!composed.html.contains("<a "));
        assert!(!composed.text.contains("never send codes"));
    }
}
