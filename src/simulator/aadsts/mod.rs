//! Entra's failures: the number, the OAuth error, the suberror and the sentence that go together.
//! How they are put on the wire is `wire::answer`; which one applies is decided by `tokens`.

mod client;
mod consent;
mod grant;
mod policy;
mod request;

use std::borrow::Cow;

use time::OffsetDateTime;
use time::macros::format_description;

pub use client::*;
pub use consent::*;
pub use grant::*;
pub use policy::*;
pub use request::*;

/// One failure answer before trace id, correlation id and timestamp are added.
#[derive(Clone, Debug, thiserror::Error)]
#[error("AADSTS{code}: {text}")]
pub struct Aadsts {
    pub code: u32,
    pub error: Cow<'static, str>,
    pub suberror: Option<Cow<'static, str>>,
    pub text: String,
    pub status: u16,
    /// Stacked behind `AADSTS70002: Error validating credentials.`, as older answers are.
    pub stacked: bool,
    /// A claims challenge for the next interactive request.
    pub claims: Option<String>,
}

impl Aadsts {
    pub fn new(code: u32, error: &'static str, text: impl Into<String>) -> Self {
        let status = match error {
            "invalid_client" => 401,
            "temporarily_unavailable" => 503,
            _ => 400,
        };
        Self {
            code,
            error: Cow::Borrowed(error),
            suberror: None,
            text: text.into(),
            status,
            stacked: false,
            claims: None,
        }
    }

    fn grant(code: u32, text: impl Into<String>) -> Self {
        Self::new(code, "invalid_grant", text)
    }

    fn request(code: u32, text: impl Into<String>) -> Self {
        Self::new(code, "invalid_request", text)
    }

    fn client(code: u32, text: impl Into<String>) -> Self {
        Self::new(code, "invalid_client", text)
    }

    fn suberror(mut self, suberror: &'static str) -> Self {
        self.suberror = Some(Cow::Borrowed(suberror));
        self
    }

    /// The same failure under another OAuth error: metadata says `invalid_tenant` where the token endpoint says
    /// `invalid_request`.
    #[must_use]
    pub fn named(mut self, error: &'static str) -> Self {
        self.error = Cow::Borrowed(error);
        self
    }
}

/// An instant as error texts print it: seven digits of fraction.
pub fn precise(at: OffsetDateTime) -> String {
    at.format(format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:7]Z"
    ))
    .unwrap_or_default()
}
