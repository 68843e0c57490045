//! The letter to a customer: an MSP's text with its values, as text and as HTML. The text is plain with placeholders in
//! braces; paragraphs are parted by empty lines, lines that begin with "- " are a list, and the link on a line of its own
//! is a button. Nothing of it reaches the HTML but escaped. What protects the reader stands below it and cannot be edited.

mod body;

use super::{Letter, SendError};
use crate::language::{Language, escape};

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

impl CustomerLetter {
    /// Everything of it in order.
    pub fn parts(&self) -> Vec<Part> {
        let body = blocks(&self.body, &self.all_values())
            .into_iter()
            .map(|block| match block {
                Block::Text(lines) => Part::Text(lines),
                Block::List(items) => Part::List(items),
                Block::Link => Part::Link(self.link.clone().unwrap_or_default()),
            });
        let below = self.below().into_iter().map(|(sentence, warns)| {
            if warns {
                Part::Warning(sentence)
            } else {
                Part::Small(sentence)
            }
        });
        body.chain(below).collect()
    }

    /// The letter as it goes out.
    pub fn compose(&self) -> Result<Letter, SendError> {
        Ok(Letter {
            to: self.to.clone(),
            subject: self.subject(),
            text: self.text(),
            html: self.html(),
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

    /// What stands below the text, in this order: sentences, and whether they warn.
    fn below(&self) -> Vec<(String, bool)> {
        let words = &self.language.book().mail;
        let mut all: Vec<_> = Vec::new();
        if !self.facts.is_empty() {
            all.push((self.facts.join(" "), false));
        }
        if self.link.is_some() {
            all.push((
                format!("{} {}", words.warning.text(), words.warning_why.text()),
                true,
            ));
            all.push((words.unexpected.text(), false));
        }
        if !self.report_to.is_empty() {
            let report = words.report.with("address", &self.report_to);
            all.push((report.text(), false));
        }
        if !self.contact.is_empty() {
            all.push((self.contact.clone(), false));
        }
        all
    }

    /// As plain text.
    pub fn text(&self) -> String {
        let mut parts: Vec<String> = blocks(&self.body, &self.all_values())
            .into_iter()
            .map(|block| match block {
                Block::Text(lines) => lines.join("\n"),
                Block::List(items) => items
                    .iter()
                    .map(|item| format!("- {item}"))
                    .collect::<Vec<_>>()
                    .join("\n"),
                Block::Link => self.link.clone().unwrap_or_default(),
            })
            .collect();
        parts.extend(self.below().into_iter().map(|(sentence, _)| sentence));
        parts.retain(|part| !part.is_empty());
        format!("{}\n", parts.join("\n\n"))
    }

    fn html(&self) -> String {
        let mut out = String::from("<!doctype html>\n<html lang=\"");
        out.push_str(self.language.as_str());
        out.push_str("\">\n<head><meta charset=\"utf-8\"><title>");
        escape(&self.subject(), &mut out);
        out.push_str("</title></head>\n<body style=\"margin:0;padding:24px;font-family:Segoe UI,Helvetica,Arial,sans-serif;font-size:16px;line-height:1.5;color:#1c2430;background:#ffffff\">\n");
        if let Some(logo) = &self.logo {
            out.push_str("<p style=\"margin:0 0 24px\"><img src=\"");
            escape(logo, &mut out);
            out.push_str("\" alt=\"");
            escape(&self.msp_name, &mut out);
            out.push_str("\" height=\"48\" style=\"height:48px;max-width:240px\"></p>\n");
        }
        for block in blocks(&self.body, &self.all_values()) {
            self.block(&block, &mut out);
        }
        for (sentence, warns) in self.below() {
            out.push_str(if warns {
                "<p style=\"margin:0 0 16px;padding:12px;border-left:4px solid #b54708;background:#fff7ed\">"
            } else {
                "<p style=\"margin:0 0 16px;font-size:14px;color:#4a5565\">"
            });
            escape(&sentence, &mut out);
            out.push_str("</p>\n");
        }
        out.push_str("</body>\n</html>\n");
        out
    }

    fn block(&self, block: &Block, out: &mut String) {
        match block {
            Block::Text(lines) => {
                out.push_str("<p style=\"margin:0 0 16px\">");
                for (index, line) in lines.iter().enumerate() {
                    if index > 0 {
                        out.push_str("<br>\n");
                    }
                    escape(line, out);
                }
                out.push_str("</p>\n");
            }
            Block::List(items) => {
                out.push_str("<ul style=\"margin:0 0 16px;padding-left:24px\">\n");
                for item in items {
                    out.push_str("<li>");
                    escape(item, out);
                    out.push_str("</li>\n");
                }
                out.push_str("</ul>\n");
            }
            Block::Link => self.button(out),
        }
    }

    fn button(&self, out: &mut String) {
        let link = self.link.as_deref().unwrap_or_default();
        out.push_str("<p style=\"margin:0 0 16px\"><a href=\"");
        escape(link, out);
        out.push_str(
            "\"\nstyle=\"display:inline-block;padding:10px 20px;border-radius:6px;background:",
        );
        escape(&self.accent, out);
        out.push_str(";color:#ffffff;text-decoration:none\">");
        escape(&self.language.book().mail.button.text(), out);
        out.push_str("</a></p>\n<p style=\"margin:0 0 16px;font-size:14px;color:#4a5565;word-break:break-all\">");
        escape(link, out);
        out.push_str("</p>\n");
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
