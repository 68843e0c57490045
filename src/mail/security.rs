//! The letter that tells a technician what was done with their login, with what to do when it was not them. It carries no
//! link but the address of their profile, and nothing secret.

use askama::Template;

use super::{Letter, SendError};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginNews {
    NewDevice,
    PasswordChanged,
    FactorAdded,
    FactorRemoved,
    FactorsReset,
    CodesMade,
    CodeUsed,
}

impl LoginNews {
    /// One sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NewDevice => {
                "Somebody signed in with your login from a browser or network not seen before."
            }
            Self::PasswordChanged => "The password of your login was changed.",
            Self::FactorAdded => "A passkey or authenticator app was added to your login.",
            Self::FactorRemoved => "A passkey or authenticator app was removed from your login.",
            Self::FactorsReset => {
                "An administrator removed every passkey and authenticator app from your login. You set up new ones when you sign in."
            }
            Self::CodesMade => {
                "New recovery codes were made for your login. The former ones do not work any more."
            }
            Self::CodeUsed => "A recovery code was used for your login.",
        }
    }

    const fn subject(self) -> &'static str {
        match self {
            Self::NewDevice => "New sign-in",
            Self::PasswordChanged => "Password changed",
            Self::FactorAdded => "Second factor added",
            Self::FactorRemoved => "Second factor removed",
            Self::FactorsReset => "Second factors reset",
            Self::CodesMade => "New recovery codes",
            Self::CodeUsed => "Recovery code used",
        }
    }
}

/// What the letter says.
#[derive(Debug, Clone)]
pub struct SecurityLetter {
    pub to: String,
    pub name: String,
    pub msp_name: String,
    pub news: LoginNews,
    /// When, in words with the zone.
    pub at: String,
    /// Browser and system in short words; empty when unknown.
    pub browser: String,
    /// Address of the browser; empty when there was none.
    pub ip: String,
    /// Where sessions and factors are looked at.
    pub profile: String,
}

#[derive(Template)]
#[template(path = "mail/security.txt")]
struct Text<'a> {
    letter: &'a SecurityLetter,
}

#[derive(Template)]
#[template(path = "mail/security.html")]
struct Html<'a> {
    letter: &'a SecurityLetter,
}

impl SecurityLetter {
    /// The letter as it goes out.
    pub fn compose(&self) -> Result<Letter, SendError> {
        let failed = |error: askama::Error| SendError::Composition(Box::new(error));
        Ok(Letter {
            to: self.to.clone(),
            subject: format!("{} at {}", self.news.subject(), self.place()),
            text: Text { letter: self }.render().map_err(failed)?,
            html: Html { letter: self }.render().map_err(failed)?,
        })
    }

    fn place(&self) -> &str {
        if self.msp_name.is_empty() {
            "Tenantry"
        } else {
            &self.msp_name
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_what_when_where_and_what_to_do() {
        let letter = SecurityLetter {
            to: "robin@msp.example".into(),
            name: "Robin <Marlow>".into(),
            msp_name: "Nordwind IT".into(),
            news: LoginNews::CodeUsed,
            at: "2026-11-28 02:15 UTC".into(),
            browser: "Firefox on Windows".into(),
            ip: "192.0.2.7".into(),
            profile: "https://portal.example/profile".into(),
        };
        let composed = letter.compose().unwrap();
        for body in [&composed.text, &composed.html] {
            for part in [
                "recovery code was used",
                "2026-11-28 02:15 UTC",
                "Firefox on Windows",
                "192.0.2.7",
                "https://portal.example/profile",
            ] {
                assert!(body.contains(part), "{part} is missing in {body}");
            }
        }
        assert!(composed.text.contains("Robin <Marlow>"));
        assert!(!composed.html.contains("<Marlow>"));
        assert_eq!(composed.subject, "Recovery code used at Nordwind IT");
    }
}
