//! From what was typed to values that may be sent to the keeper. A secret is never part of an error or given back.

use time::macros::format_description;
use time::{Date, OffsetDateTime, Time};
use uuid::Uuid;

pub use crate::domain::tenant::FieldError;
use crate::keeper::text::Text;

/// The registration's facts as typed.
#[derive(Clone, Debug, Default)]
pub struct RegistrationInput {
    pub client_id: String,
    pub display_name: String,
    pub entra_tenant_id: String,
}

/// The registration's facts, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRegistration {
    pub client_id: Uuid,
    pub display_name: String,
    pub entra_tenant_id: Option<Uuid>,
}

/// A secret as typed, with the day on which Microsoft says that it ends.
pub struct SecretInput {
    pub value: Text,
    /// `2027-11-21`, or empty.
    pub not_after: String,
}

/// A secret, checked.
pub struct NewSecret {
    pub value: Text,
    pub not_after: Option<OffsetDateTime>,
}

/// Entra's secrets have 40 characters; other makers of registrations allow more.
const LONGEST_SECRET: usize = 256;
/// A certificate chain with a key of 4096 bits takes a fifth of it.
const LONGEST_PEM: usize = 32 * 1024;

impl RegistrationInput {
    /// All problems at once.
    pub fn parse(&self) -> Result<NewRegistration, Vec<FieldError>> {
        let mut errors = Vec::new();
        let client_id = guid(&self.client_id);
        if client_id.is_none() {
            errors.push(FieldError::new(
                "client_id",
                "Enter the Application (client) ID, like 11111111-2222-4333-8444-555555555555.",
            ));
        }
        let display_name = self.display_name.trim();
        let fits = (1..=120).contains(&display_name.chars().count());
        if !fits || display_name.chars().any(char::is_control) {
            errors.push(FieldError::new(
                "display_name",
                "Enter the name as Microsoft's pages show it, in 1 to 120 characters on one line.",
            ));
        }
        let typed_tenant = self.entra_tenant_id.trim();
        let entra_tenant_id = guid(typed_tenant);
        if entra_tenant_id.is_none() && !typed_tenant.is_empty() {
            errors.push(FieldError::new(
                "entra_tenant_id",
                "Enter the Directory (tenant) ID, like 11111111-2222-4333-8444-555555555555, or leave it empty.",
            ));
        }
        match client_id {
            Some(client_id) if errors.is_empty() => Ok(NewRegistration {
                client_id,
                display_name: display_name.to_owned(),
                entra_tenant_id,
            }),
            _ => Err(errors),
        }
    }
}

impl SecretInput {
    /// All problems at once.
    pub fn parse(self, now: OffsetDateTime) -> Result<NewSecret, Vec<FieldError>> {
        let mut errors = Vec::new();
        if let Err(message) = secret(self.value.expose()) {
            errors.push(FieldError::new("secret", message));
        }
        let not_after = match day(&self.not_after) {
            Ok(Some(day)) if day <= now => {
                let message =
                    "That day is over: Microsoft would refuse the secret. Make a new one there.";
                errors.push(FieldError::new("not_after", message));
                None
            }
            Ok(day) => day,
            Err(message) => {
                errors.push(FieldError::new("not_after", message));
                None
            }
        };
        if errors.is_empty() {
            let value = Text::new(self.value.expose().trim());
            Ok(NewSecret { value, not_after })
        } else {
            Err(errors)
        }
    }
}

fn secret(typed: &str) -> Result<(), &'static str> {
    let value = typed.trim();
    if value.is_empty() {
        Err("Paste the secret's Value.")
    } else if guid(value).is_some() {
        Err(
            "That is the secret's ID. Paste its Value instead: Microsoft shows it only once, right after the secret was made.",
        )
    } else if value.len() > LONGEST_SECRET {
        Err("That is too long for a client secret. Paste the Value alone.")
    } else if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        Err("A client secret has no spaces and no letters outside ASCII. Paste the Value alone.")
    } else {
        Ok(())
    }
}

/// A text that may be a certificate with its key; what it holds is the keeper's to read.
pub fn certificate_text(typed: &str) -> Result<Text, FieldError> {
    let refuse = |message| Err(FieldError::new("pem", message));
    if typed.trim().is_empty() {
        return refuse(
            "Paste the certificate and its private key, or choose the file that holds both.",
        );
    }
    if typed.len() > LONGEST_PEM {
        return refuse(
            "That is too long: one certificate and one private key take a few KiB. Leave the rest out.",
        );
    }
    Ok(Text::new(typed))
}

fn guid(typed: &str) -> Option<Uuid> {
    let typed = typed.trim();
    // Hyphens and 36 characters: other ways to write it are not what Microsoft shows.
    (typed.len() == 36).then(|| Uuid::try_parse(typed).ok())?
}

/// The beginning of the day, so that a warning is rather early than late.
fn day(typed: &str) -> Result<Option<OffsetDateTime>, &'static str> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let date = Date::parse(typed, format_description!("[year]-[month]-[day]"));
    match date {
        Ok(date) if (2000..3000).contains(&date.year()) => {
            Ok(Some(date.with_time(Time::MIDNIGHT).assume_utc()))
        }
        _ => Err("Enter the day as 2027-11-21, or leave it empty."),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-03-02 12:00 UTC);

    fn secret_errors(value: &str, not_after: &str) -> Vec<&'static str> {
        let input = SecretInput {
            value: Text::new(value),
            not_after: not_after.into(),
        };
        let errors = input.parse(NOW).err().unwrap_or_default();
        errors.into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn a_secret_is_its_value_and_not_its_id() {
        let none: [&str; 0] = [];
        assert_eq!(secret_errors(" abc8Q~value.-_~ ", "2027-11-21"), none);
        assert_eq!(secret_errors("abc8Q~value", ""), none);
        for wrong in [
            "",
            "  ",
            "11111111-2222-4333-8444-555555555555",
            "two words",
            "ключ",
            "a\0b",
        ] {
            assert_eq!(secret_errors(wrong, ""), ["secret"], "{wrong:?}");
        }
        assert_eq!(secret_errors(&"x".repeat(257), ""), ["secret"]);
        for day in [
            "2026-03-02",
            "2026-02-30",
            "21.11.2027",
            "99999-01-01",
            "0001-01-01",
        ] {
            assert_eq!(secret_errors("abc8Q~value", day), ["not_after"], "{day}");
        }
        assert_eq!(secret_errors("", "x"), ["secret", "not_after"]);
    }

    #[test]
    fn a_registration_is_named_by_two_guids() {
        let input = RegistrationInput {
            client_id: " 11111111-2222-4333-8444-555555555555 ".into(),
            display_name: " Tenantry ".into(),
            entra_tenant_id: String::new(),
        };
        let read = input.parse().unwrap();
        assert_eq!(
            (read.display_name.as_str(), read.entra_tenant_id),
            ("Tenantry", None)
        );
        let wrong = RegistrationInput {
            client_id: "11111111222243338444555555555555".into(),
            display_name: "a\nb".into(),
            entra_tenant_id: "contoso.com".into(),
        };
        let fields: Vec<_> = wrong
            .parse()
            .unwrap_err()
            .into_iter()
            .map(|e| e.field)
            .collect();
        assert_eq!(fields, ["client_id", "display_name", "entra_tenant_id"]);
    }

    #[test]
    fn a_certificate_text_is_neither_empty_nor_a_book() {
        assert!(certificate_text("-----BEGIN CERTIFICATE-----").is_ok());
        for wrong in ["", " \n", &"x".repeat(LONGEST_PEM + 1)] {
            assert_eq!(certificate_text(wrong).unwrap_err().field, "pem");
        }
    }
}
