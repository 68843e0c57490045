//! What the answers to a trial mean: it works, Microsoft is still setting it up, or somebody must act. Pure.

use time::{Duration, OffsetDateTime};

use crate::entra::{Failure, Meaning};
use crate::keeper::app::Why;
use crate::keeper::refresh::Class;

/// Microsoft needs up to a minute to spread a consent or a new credential; until then nothing is called failed.
pub(in crate::keeper) const SETS_UP_FOR: Duration = Duration::seconds(90);
/// Passing trouble is waited for this long.
const PASSES_WITHIN: Duration = Duration::minutes(15);
/// Between two looks.
const PAUSE: Duration = Duration::seconds(10);

/// The words of `app_only_trials.failure` and, of an invitation, `onboarding_flows.failure`.
pub(in crate::keeper) mod word {
    /// Our application is not in the tenant: consent was not given, or in another tenant.
    pub const CONSENT_NOT_SEEN: &str = "consent_not_seen";
    /// It is, without the application permissions that we need.
    pub const PERMISSIONS_MISSING: &str = "permissions_missing";
    /// It is switched off in the tenant.
    pub const APP_DISABLED: &str = "app_disabled";
    /// A resource of the set is not there (no licence), or not for applications.
    pub const RESOURCE_ABSENT: &str = "resource_absent";
    pub const POLICY_REFUSED: &str = "policy_refused";
    pub const CREDENTIAL_EXPIRED: &str = "credential_expired";
    pub const CREDENTIAL_WRONG: &str = "credential_wrong";
    pub const CERTIFICATE_UNKNOWN: &str = "certificate_unknown";
    pub const CLOCK: &str = "clock";
    pub const WRONG_TENANT: &str = "wrong_tenant";
    pub const TENANT_TAKEN: &str = "tenant_taken";
    pub const MICROSOFT_TROUBLE: &str = "microsoft_trouble";
    pub const TROUBLE: &str = "trouble";
}

/// Our application is switched off (`AADSTS7000112`).
const DISABLED: u32 = 7_000_112;

/// What one answer, or all together, mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::keeper) enum Verdict {
    Works,
    /// May pass by itself; the word for when it does not in time.
    SettingUp(&'static str),
    /// Microsoft or the network is in trouble.
    Passing,
    Failed(&'static str),
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::keeper) enum Next {
    Adopt,
    LookAgain(OffsetDateTime),
    Fail(&'static str),
}

impl Verdict {
    /// A refusal at the token endpoint.
    pub fn of_refusal(failure: &Failure) -> Self {
        match Why::of(failure) {
            Why::Expired => return Self::Failed(word::CREDENTIAL_EXPIRED),
            Why::WrongValue => return Self::Failed(word::CREDENTIAL_WRONG),
            // A certificate that was uploaded a moment ago is not known everywhere.
            Why::UnknownCertificate => return Self::SettingUp(word::CERTIFICATE_UNKNOWN),
            Why::Clock => return Self::Failed(word::CLOCK),
            Why::WrongApp | Why::Other | Why::Unreachable => {}
        }
        if failure.codes.contains(&DISABLED) {
            return Self::Failed(word::APP_DISABLED);
        }
        match Class::of(failure) {
            Class::AppAbsent | Class::ConsentMissing => Self::SettingUp(word::CONSENT_NOT_SEEN),
            Class::ResourceRefused => Self::SettingUp(word::RESOURCE_ABSENT),
            Class::Throttled(_) | Class::Looping(_) | Class::Transient | Class::Unknown => {
                Self::Passing
            }
            Class::Definitive => Self::Failed(word::POLICY_REFUSED),
            Class::AppLevel | Class::Ambiguous => Self::Failed(word::TROUBLE),
        }
    }

    /// A refusal at Graph with a token just acquired.
    pub fn of_graph(failure: &Failure) -> Self {
        match failure.meaning {
            Meaning::NotReplicated => Self::SettingUp(word::CONSENT_NOT_SEEN),
            Meaning::Denied | Meaning::NotFound => Self::SettingUp(word::PERMISSIONS_MISSING),
            Meaning::Throttled
            | Meaning::Transient
            | Meaning::Unreachable
            | Meaning::NoReply
            | Meaning::Malformed => Self::Passing,
            _ => Self::Failed(word::TROUBLE),
        }
    }

    /// What to do about it at `now`, when the trial began at `since`.
    pub fn next(self, since: OffsetDateTime, now: OffsetDateTime) -> Next {
        let age = now - since;
        match self {
            Self::Works => Next::Adopt,
            Self::Failed(word) => Next::Fail(word),
            Self::SettingUp(word) if age >= SETS_UP_FOR => Next::Fail(word),
            Self::Passing if age >= PASSES_WITHIN => Next::Fail(word::MICROSOFT_TROUBLE),
            Self::SettingUp(_) | Self::Passing => Next::LookAgain(now + PAUSE),
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::entra::Certainty;

    const BEGAN: OffsetDateTime = datetime!(2026-03-02 12:00 UTC);

    fn refusal(meaning: Meaning, codes: &[u32]) -> Failure {
        Failure {
            meaning,
            error: None,
            suberror: None,
            codes: codes.into(),
            description: String::new(),
            trace_id: None,
            correlation_id: None,
            timestamp: None,
            challenge: None,
            retry_after: None,
            http_status: None,
            raw: String::new(),
        }
    }

    #[test]
    fn what_spreads_within_a_minute_is_waited_for_and_then_named() {
        for code in [7_000_229, 700_016] {
            let verdict = Verdict::of_refusal(&refusal(Meaning::AppAbsent, &[code]));
            assert_eq!(verdict, Verdict::SettingUp(word::CONSENT_NOT_SEEN));
            let early = BEGAN + Duration::seconds(89);
            assert_eq!(
                verdict.next(BEGAN, early),
                Next::LookAgain(early + Duration::seconds(10))
            );
            assert_eq!(
                verdict.next(BEGAN, BEGAN + Duration::seconds(90)),
                Next::Fail("consent_not_seen")
            );
        }
        let graph = Verdict::of_graph(&refusal(Meaning::NotReplicated, &[]));
        assert_eq!(graph, Verdict::SettingUp(word::CONSENT_NOT_SEEN));
        let making = Verdict::of_refusal(&refusal(Meaning::Transient, &[650_051]));
        assert_eq!(making, Verdict::Passing);
    }

    #[test]
    fn credentials_policies_and_a_switched_off_application_are_nobodys_patience() {
        for (meaning, code, word) in [
            (Meaning::AppLevel, 7_000_222, "credential_expired"),
            (Meaning::AppLevel, 7_000_215, "credential_wrong"),
            (Meaning::AppLevel, 700_024, "clock"),
            (Meaning::AppAbsent, 7_000_112, "app_disabled"),
            (
                Meaning::Rejected(Certainty::Definitive),
                53_003,
                "policy_refused",
            ),
        ] {
            let verdict = Verdict::of_refusal(&refusal(meaning, &[code]));
            assert_eq!(verdict.next(BEGAN, BEGAN), Next::Fail(word), "{code}");
        }
    }

    #[test]
    fn microsofts_trouble_is_waited_out() {
        let verdict = Verdict::of_refusal(&refusal(Meaning::Unreachable, &[]));
        let later = BEGAN + Duration::minutes(14);
        assert!(matches!(verdict.next(BEGAN, later), Next::LookAgain(_)));
        let over = BEGAN + Duration::minutes(15);
        assert_eq!(verdict.next(BEGAN, over), Next::Fail("microsoft_trouble"));
    }
}
