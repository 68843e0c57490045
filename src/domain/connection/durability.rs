//! How long an authorisation of this kind can be expected to last, said in one sentence, and how to make it last longer.
//! Rules of thumb from how Entra treats refresh tokens; a forecast with dates is something else.

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
    /// How to make it last longer, the best way first; empty where it lasts as long as it can.
    pub longer: Vec<String>,
}

const APP: &str = "Best: “Switch to App Registration”. The application itself is let in; there is no account, no sign-in and no password that could end it.";
const BROWSER: &str = "Renew by “Sign in with Microsoft” in place of a device code: such a token survives the account's own password changes, and sign-in frequency is checked only at the next interactive sign-in.";
const NOBODYS: &str = "Let an account authorise us that belongs to no person, with a strong second factor and no password expiry.";

impl Durability {
    /// Grade a connection; what ends it first decides.
    pub fn of(standing: &Standing) -> Self {
        if standing.mode == Mode::AppOnly {
            return Self::new(
                Grade::Long,
                "Ends only with our secret or certificate, or when the enterprise application is removed.",
                &[],
            );
        }
        if standing.token_class == Some(TokenClass::Confidential) && standing.rhythm_s.is_none() {
            return Self::new(
                Grade::Long,
                "Obtained with our secret or certificate: survives the account's own password changes; ends with a revocation or 90 idle days.",
                &[APP],
            );
        }
        if let Some(seconds) = standing.sign_in_frequency_s {
            return Self::new(
                Grade::Short,
                &format!(
                    "The customer's sign-in frequency policy asks for a new sign-in every {}. Excluding this account from it makes the authorisation last.",
                    rhythm(seconds)
                ),
                &[
                    APP,
                    BROWSER,
                    "The customer's administrator excludes the account from the policy: Entra admin center > Entra ID > Conditional Access > Policies > the policy > Users > Exclude.",
                ],
            );
        }
        if let Some(seconds) = standing.rhythm_s {
            return Self::new(
                Grade::Short,
                &format!(
                    "The authorisations before this one all ended after {}: a rule of the customer's tenant asks for a new sign-in with that rhythm.",
                    length(seconds)
                ),
                &[
                    APP,
                    BROWSER,
                    "The customer's administrator lengthens “remember multi-factor authentication”, or excludes the account from the sign-in frequency.",
                ],
            );
        }
        if standing.realm == Realm::Federated {
            return Self::new(
                Grade::Short,
                "Federated sign-in: without synchronised password dates Entra ends it after 12 hours, otherwise with the next password change.",
                &[
                    APP,
                    "The customer lets Microsoft Entra Connect synchronise “LastPasswordChangeTimestamp” (pwdLastSet): “Refresh directory schema”, then a full synchronisation.",
                    "Or a cloud-only account (ending in .onmicrosoft.com) authorises us.",
                ],
            );
        }
        Self::new(
            Grade::Fair,
            "Obtained without our secret, as a device code is: ends with the account's next password change, a revocation or 90 idle days.",
            &[APP, BROWSER, NOBODYS],
        )
    }

    fn new(grade: Grade, sentence: &str, longer: &[&str]) -> Self {
        Self {
            grade,
            sentence: sentence.to_owned(),
            longer: longer.iter().map(|one| (*one).to_owned()).collect(),
        }
    }
}

/// Seconds with their number even where it is one: "1 day".
fn length(seconds: i32) -> String {
    let unit = rhythm(seconds);
    if unit.starts_with(|c: char| c.is_ascii_digit()) {
        unit
    } else {
        format!("1 {unit}")
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
    fn a_rhythm_of_deaths_makes_it_short_whatever_it_was_obtained_by() {
        let monthly = Standing {
            token_class: Some(TokenClass::Confidential),
            rhythm_s: Some(30 * 86_400),
            ..sample()
        };
        let durability = Durability::of(&monthly);
        assert_eq!(durability.grade, Grade::Short);
        assert!(
            durability.sentence.contains("after 30 days"),
            "{durability:?}"
        );
        assert_eq!(length(86_400), "1 day");
    }

    #[test]
    fn everything_but_the_application_can_be_made_to_last_longer() {
        assert!(Durability::of(&sample()).longer.len() > 1);
        let app = Standing {
            mode: Mode::AppOnly,
            ..sample()
        };
        assert_eq!(Durability::of(&app).longer, Vec::<String>::new());
    }

    #[test]
    fn a_rhythm_is_told_in_its_largest_whole_unit() {
        assert_eq!(rhythm(7 * 86_400), "7 days");
        assert_eq!(rhythm(12 * 3600), "12 hours");
        assert_eq!(rhythm(5400), "90 minutes");
    }
}
