//! Letters to people by SMTP: the transport and what the letters say. Who gets one, and what is written down about it, is
//! the domain's; a letter goes out outside any transaction.

mod alert;
mod customer;
mod security;

use std::time::Duration;

use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::config::{SecretFileError, Smtp, SmtpTls};

pub use alert::AlertLetter;
pub use customer::{ACCENT, CustomerLetter, Part};
pub use security::{LoginNews, SecurityLetter};

/// Longest wait for the mail server, for each of its answers.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends letters through the configured mail server; cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailer")
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// Why no mailer could be made from the settings.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("smtp.from is no mail address")]
    From(#[source] lettre::address::AddressError),
    #[error(transparent)]
    Password(#[from] SecretFileError),
    #[error("TLS for smtp.host cannot be set up")]
    Tls(#[source] smtp::Error),
}

/// Why a letter did not go out. The sentence is fit for a technician; the cause is for the log.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("the address is not one that mail can be sent to")]
    Address(#[source] lettre::address::AddressError),
    /// The server said no for good (status 5xx): the address, the sender or the login.
    #[error("the mail server refused it")]
    Refused(#[source] smtp::Error),
    /// No connection, no answer in time, or a status 4xx.
    #[error("the mail server cannot be reached right now")]
    Unreachable(#[source] smtp::Error),
    #[error("the letter could not be composed")]
    Composition(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A letter: one recipient, the same words as text and as HTML.
#[derive(Debug)]
pub struct Letter {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Mailer {
    /// From the settings; does not connect yet.
    pub fn new(settings: &Smtp) -> Result<Self, SetupError> {
        let from = settings.from.parse().map_err(SetupError::From)?;
        let parameters = || TlsParameters::new(settings.host.clone()).map_err(SetupError::Tls);
        let tls = match settings.tls {
            SmtpTls::Starttls => Tls::Required(parameters()?),
            SmtpTls::Implicit => Tls::Wrapper(parameters()?),
            SmtpTls::None => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(PATIENCE));
        if let (Some(username), Some(file)) = (&settings.username, &settings.password_file) {
            let password = file.read()?.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(username.clone(), password));
        }
        Ok(Self {
            transport: builder.build(),
            from,
        })
    }

    /// Hand one letter to the mail server and wait until it took it.
    pub async fn send(&self, letter: Letter) -> Result<(), SendError> {
        self.send_as(letter, None).await
    }

    /// The same under a `Message-ID` made of `id`, the same each time: whoever gets it twice can tell.
    pub async fn send_as(&self, letter: Letter, id: Option<Uuid>) -> Result<(), SendError> {
        let to: Address = letter.to.parse().map_err(SendError::Address)?;
        let message_id = id.map(|id| format!("<{id}@{}>", self.from.email.domain()));
        let message = Message::builder()
            .message_id(message_id)
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject)
            .multipart(MultiPart::alternative_plain_html(letter.text, letter.html))
            .map_err(|error| SendError::Composition(Box::new(error)))?;
        self.hand_over(message).await
    }

    async fn hand_over(&self, message: Message) -> Result<(), SendError> {
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(SendError::Refused(error)),
            Err(error) => Err(SendError::Unreachable(error)),
        }
    }
}
