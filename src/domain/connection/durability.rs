//! How long an authorisation of this kind can be expected to last, said in one sentence. Rules of thumb from how Entra
//! treats refresh tokens; a forecast with dates is something else.

use super::standing::{Mode, Standing};
use crate::domain::diagnosis::{Realm, TokenClass};

/// How long an authorisation of this kind usually lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Ends within days by itself.
    Short,
    /// Lasts until a password change, a policy or a revocation ends it.
    Fair,
    /// Lasts as long as our own secret or certificate, or longer than a password.
    Long,
}

impl Grade {
    pub const fn label(self) -> &'static str {
        match self {
            Self::Short => "Short",
            Self::Fair => "Fair",
            Self::Long => "Long",
        }
    }
}

/// A grade and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Durability {
    pub grade: Grade,
    pub sentence: String,
}

impl Durability {
    /// Grade a connection; what ends it first decides.
    pub fn of(standing: &Standing) -> Self {
        let grade = |grade, sentence: &str| Self {
            grade,
            sentence: sentence.to_owned(),
        };
        if standing.mode == Mode::AppOnly {
            return grade(
                Grade::Long,
                "Ends only with our secret or certificate, or when the enterprise application is removed.",
            );
        }
        if standing.token_class == Some(TokenClass::Confidential) {
            return grade(
                Grade::Long,
                "Obtained with our secret or certificate: survives the account's own password changes; ends with a revocation or 90 idle days.",
            );
        }
        if let Some(seconds) = standing.sign_in_frequency_s {
            return Self {
                grade: Grade::Short,
                sentence: format!(
                    "The customer's sign-in frequency policy asks for a new sign-in every {}. Excluding this account from it makes the authorisation last.",
                    rhythm(seconds)
                ),
            };
        }
        if standing.realm == Realm::Federated {
            return grade(
                Grade::Short,
                "Federated sign-in: without synchronised password dates Entra ends it after 12 hours, otherwise with the next password change.",
            );
        }
        grade(
            Grade::Fair,
            "Obtained without our secret, as a device code is: ends with the account's next password change, a revocation or 90 idle days.",
        )
    }
}

/// Seconds as the largest whole unit.
fn rhythm(seconds: i32) -> String {
    let (count, unit) = match seconds {
        s if s % 86_400 == 0 => (s / 86_400, "day"),
        s if s % 3_600 == 0 => (s / 3_600, "hour"),
        s => (s / 60, "minute"),
    };
    match count {
        1 => unit.to_owned(),
        n => format!("{n} {unit}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::connection::standing::tests::sample;

    #[test]
    fn a_device_code_on_a_managed_account_is_fair() {
        assert_eq!(Durability::of(&sample()).grade, Grade::Fair);
    }

    #[test]
    fn what_ends_first_decides() {
        let confidential = Standing {
            token_class: Some(TokenClass::Confidential),
            ..sample()
        };
        assert_eq!(Durability::of(&confidential).grade, Grade::Long);
        let federated = Standing {
            realm: Realm::Federated,
            ..sample()
        };
        assert_eq!(Durability::of(&federated).grade, Grade::Short);
        let daily = Standing {
            sign_in_frequency_s: Some(86_400),
            ..sample()
        };
        let durability = Durability::of(&daily);
        assert_eq!(durability.grade, Grade::Short);
        assert!(durability.sentence.contains("every day"), "{durability:?}");
    }

    #[test]
    fn sign_in_frequency_spares_what_was_obtained_with_our_secret() {
        let confidential = Standing {
            token_class: Some(TokenClass::Confidential),
            sign_in_frequency_s: Some(86_400),
            ..sample()
        };
        assert_eq!(Durability::of(&confidential).grade, Grade::Long);
    }

    #[test]
    fn a_rhythm_is_told_in_its_largest_whole_unit() {
        assert_eq!(rhythm(7 * 86_400), "7 days");
        assert_eq!(rhythm(12 * 3600), "12 hours");
        assert_eq!(rhythm(5400), "90 minutes");
    }
}
