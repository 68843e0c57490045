//! What a refusal at the token endpoint says about our application: whose fault it is and in which words. Pure.

use crate::entra::{Failure, Meaning};

/// Why Microsoft did not accept us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::keeper) enum Why {
    /// The secret or the certificate is past its end.
    Expired,
    /// The secret is not one of the registration's.
    WrongValue,
    /// The certificate is not one of the registration's, or (for a minute) not known everywhere yet.
    UnknownCertificate,
    /// No application of this client id in the tenant asked: wrong client id or wrong tenant, or never consented.
    WrongApp,
    /// This machine's clock or Microsoft's is off.
    Clock,
    /// Refused in words that nobody knows yet.
    Other,
    /// Nothing was decided.
    Unreachable,
}

impl Why {
    /// As in `app_credentials.refused_why`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::WrongValue => "wrong_value",
            Self::UnknownCertificate => "unknown_certificate",
            Self::WrongApp => "wrong_app",
            Self::Clock => "clock",
            Self::Other => "other",
            Self::Unreachable => "unreachable",
        }
    }

    /// By the number; 700027 has two causes, told apart by its text.
    pub fn of(failure: &Failure) -> Self {
        let says = |codes: &[u32]| failure.codes.iter().any(|code| codes.contains(code));
        if says(&[7_000_222]) || (says(&[700_027]) && is_expired(&failure.description)) {
            Self::Expired
        } else if says(&[7_000_215]) {
            Self::WrongValue
        } else if says(&[700_027, 700_030]) {
            Self::UnknownCertificate
        } else if says(&[50_012]) {
            // The older number, of secrets and certificates alike.
            Self::WrongValue
        } else if says(&[700_024]) {
            Self::Clock
        } else if failure.meaning == Meaning::AppAbsent || says(&[700_021, 90_002, 900_023]) {
            Self::WrongApp
        } else if matches!(
            failure.meaning,
            Meaning::Throttled
                | Meaning::Transient
                | Meaning::Malformed
                | Meaning::Unreachable
                | Meaning::NoReply
        ) {
            Self::Unreachable
        } else {
            Self::Other
        }
    }

    /// Is it the credential that was refused? Another one may do.
    pub const fn accuses_the_credential(self) -> bool {
        matches!(
            self,
            Self::Expired | Self::WrongValue | Self::UnknownCertificate
        )
    }
}

fn is_expired(description: &str) -> bool {
    description.contains("is expired") || description.contains("expired key")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(meaning: Meaning, codes: &[u32], description: &str) -> Why {
        Why::of(&Failure {
            meaning,
            error: None,
            suberror: None,
            codes: codes.into(),
            description: description.into(),
            trace_id: None,
            correlation_id: None,
            timestamp: None,
            challenge: None,
            retry_after: None,
            http_status: None,
            raw: String::new(),
        })
    }

    #[test]
    fn refusals_are_told_apart() {
        let not_found = "[Reason - The key was not found.]";
        let expired = "[Reason - The key used is expired., Found key 'Start=…']";
        for (meaning, codes, text, expected) in [
            (Meaning::AppLevel, &[7_000_222_u32][..], "", Why::Expired),
            (Meaning::AppLevel, &[700_027], expired, Why::Expired),
            (
                Meaning::AppLevel,
                &[700_027],
                not_found,
                Why::UnknownCertificate,
            ),
            (Meaning::AppLevel, &[7_000_215], "", Why::WrongValue),
            (Meaning::AppLevel, &[70_002, 50_012], "", Why::WrongValue),
            (Meaning::AppLevel, &[700_024], "", Why::Clock),
            (Meaning::AppAbsent, &[700_016], "", Why::WrongApp),
            (Meaning::AppAbsent, &[7_000_229], "", Why::WrongApp),
            (Meaning::AppLevel, &[7_000_218], "", Why::Other),
            (Meaning::Unreachable, &[], "", Why::Unreachable),
            (Meaning::Transient, &[90_033], "", Why::Unreachable),
        ] {
            assert_eq!(why(meaning, codes, text), expected, "{codes:?} {text}");
        }
    }

    #[test]
    fn an_absent_application_and_a_wrong_clock_are_not_the_credentials_fault() {
        for why in [Why::WrongApp, Why::Clock, Why::Other, Why::Unreachable] {
            assert!(!why.accuses_the_credential());
        }
    }
}
