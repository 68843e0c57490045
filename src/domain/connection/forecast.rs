//! When an authorisation lapses by itself, as far as anything is known about it: every date with its reason, the earliest
//! first. Pure; the keeper writes the earliest down with each success, pages show them all.

use time::{Duration, OffsetDateTime};

use super::state::ExpiryReason;

/// Entra forgets a refresh token that was not used for so long.
const IDLE_LIMIT: Duration = Duration::days(90);
/// Seconds that tokens of federated users live whose password dates are not synchronised (KB 4025960).
pub const FEDERATED_LIMIT_S: i32 = 12 * 3600;

/// What is known.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Client credentials: nobody's sign-in can lapse.
    pub app_only: bool,
    pub obtained_at: OffsetDateTime,
    pub last_ok_at: OffsetDateTime,
    /// Device-code tokens: sign-in frequency is enforced at their refresh.
    pub public_class: bool,
    pub federated: bool,
    /// Seconds, as the last 70043 of this tenant named it.
    pub sign_in_frequency_s: Option<i32>,
    /// Seconds that earlier authorisations of this kind lived, again and again.
    pub rhythm_s: Option<i32>,
    /// From here on an announced policy ends it.
    pub policy_ends_at: Option<OffsetDateTime>,
    /// End of the credential that refreshes need.
    pub credential_ends_at: Option<OffsetDateTime>,
}

/// One expected death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    pub at: OffsetDateTime,
    pub reason: ExpiryReason,
}

/// Every date known, the earliest first. Of two on the same instant the better founded comes first.
pub fn forecast(known: &Known) -> Vec<Expected> {
    let at = |at, reason| Expected { at, reason };
    let credential = known
        .credential_ends_at
        .map(|end| at(end, ExpiryReason::Credential));
    if known.app_only {
        return credential.into_iter().collect();
    }
    let after = |seconds: i32| known.obtained_at + Duration::seconds(seconds.into());
    let frequency = known
        .sign_in_frequency_s
        .filter(|_| known.public_class)
        .map(|limit| {
            let federated = known.federated && limit == FEDERATED_LIMIT_S;
            let reason = if federated {
                ExpiryReason::Federated
            } else {
                ExpiryReason::SignInFrequency
            };
            at(after(limit), reason)
        });
    let mut all: Vec<Expected> = [
        frequency,
        credential.filter(|_| !known.public_class),
        known
            .policy_ends_at
            .map(|end| at(end, ExpiryReason::Policy)),
        known
            .rhythm_s
            .map(|limit| at(after(limit), ExpiryReason::Rhythm)),
        Some(at(known.last_ok_at + IDLE_LIMIT, ExpiryReason::Idle)),
    ]
    .into_iter()
    .flatten()
    .collect();
    all.sort_by_key(|expected| expected.at);
    all
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn known() -> Known {
        Known {
            app_only: false,
            obtained_at: datetime!(2026-03-01 00:00 UTC),
            last_ok_at: datetime!(2026-03-02 00:00 UTC),
            public_class: true,
            federated: false,
            sign_in_frequency_s: None,
            rhythm_s: None,
            policy_ends_at: None,
            credential_ends_at: Some(datetime!(2026-03-10 00:00 UTC)),
        }
    }

    fn first(known: &Known) -> (OffsetDateTime, ExpiryReason) {
        let first = forecast(known)[0];
        (first.at, first.reason)
    }

    #[test]
    fn ninety_days_after_the_last_success_when_nothing_else_is_known() {
        let idle = datetime!(2026-05-31 00:00 UTC);
        assert_eq!(first(&known()), (idle, ExpiryReason::Idle));
    }

    #[test]
    fn sign_in_frequency_counts_from_the_sign_in_and_only_for_device_code_tokens() {
        let limited = Known {
            sign_in_frequency_s: Some(43_200),
            ..known()
        };
        let at = datetime!(2026-03-01 12:00 UTC);
        assert_eq!(first(&limited), (at, ExpiryReason::SignInFrequency));
        let federated = Known {
            federated: true,
            ..limited
        };
        assert_eq!(first(&federated), (at, ExpiryReason::Federated));
        let confidential = Known {
            public_class: false,
            ..limited
        };
        let credential = datetime!(2026-03-10 00:00 UTC);
        assert_eq!(first(&confidential), (credential, ExpiryReason::Credential));
    }

    #[test]
    fn rhythm_and_announced_policy_count_and_a_named_limit_explains_its_rhythm() {
        let week = Some(7 * 86_400);
        let rhythm = Known {
            rhythm_s: week,
            ..known()
        };
        let at = datetime!(2026-03-08 00:00 UTC);
        assert_eq!(first(&rhythm), (at, ExpiryReason::Rhythm));
        let named = Known {
            sign_in_frequency_s: week,
            ..rhythm
        };
        assert_eq!(first(&named), (at, ExpiryReason::SignInFrequency));
        let announced = datetime!(2026-03-05 00:00 UTC);
        let policy = Known {
            policy_ends_at: Some(announced),
            ..named
        };
        assert_eq!(first(&policy), (announced, ExpiryReason::Policy));
        let reasons: Vec<_> = forecast(&policy).iter().map(|one| one.reason).collect();
        assert_eq!(reasons.len(), 4, "{reasons:?}");
    }

    #[test]
    fn an_application_lapses_with_its_credential_and_nothing_else() {
        let app = Known {
            app_only: true,
            sign_in_frequency_s: Some(60),
            rhythm_s: Some(60),
            ..known()
        };
        assert_eq!(forecast(&app).len(), 1);
        let endless = Known {
            credential_ends_at: None,
            ..app
        };
        assert_eq!(forecast(&endless), []);
    }
}
