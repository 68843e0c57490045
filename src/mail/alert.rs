//! The letter that carries an alert. Its Message-ID is the delivery's, so that a second copy is known as one; a ticket's letters
//! refer to one another, so that they are one conversation.

use askama::Template;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};

use super::{Mailer, SendError};

/// What the letter says.
#[derive(Debug, Clone)]
pub struct AlertLetter {
    pub to: Vec<String>,
    pub subject: String,
    pub title: String,
    pub text: String,
    pub facts: Vec<(String, String)>,
    pub link: String,
    pub msp_name: String,
    /// The delivery's id.
    pub id: String,
    /// The thread's; letters with the same one belong together.
    pub thread: String,
}

#[derive(Template)]
#[template(path = "mail/alert.txt")]
struct Text<'a> {
    letter: &'a AlertLetter,
}

#[derive(Template)]
#[template(path = "mail/alert.html")]
struct Html<'a> {
    letter: &'a AlertLetter,
}

/// Says that no person wrote it, so that no machine answers (RFC 3834).
#[derive(Clone, Debug)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Mailer {
    /// Hand an alert to the mail server and wait until it took it.
    pub async fn send_alert(&self, letter: &AlertLetter) -> Result<(), SendError> {
        let host = self.from.email.domain();
        let mut builder = Message::builder()
            .from(self.from.clone())
            .subject(letter.subject.clone())
            .message_id(Some(format!("<{}@{host}>", letter.id)))
            .references(format!("<{}@{host}>", letter.thread))
            .header(AutoSubmitted);
        for to in &letter.to {
            let to: Address = to.parse().map_err(SendError::Address)?;
            builder = builder.to(Mailbox::new(None, to));
        }
        let failed = |error: askama::Error| SendError::Composition(Box::new(error));
        let text = Text { letter }.render().map_err(failed)?;
        let html = Html { letter }.render().map_err(failed)?;
        let message = builder
            .multipart(MultiPart::alternative_plain_html(text, html))
            .map_err(|error| SendError::Composition(Box::new(error)))?;
        self.hand_over(message).await
    }
}
