//! The next date at which an authorisation lapses by itself, as far as anything is known about it. Pure.

use time::{Duration, OffsetDateTime};

/// Entra forgets a refresh token that was not used for so long.
const IDLE_LIMIT: Duration = Duration::days(90);
/// Federated users whose password dates are not synchronised (KB 4025960).
pub(super) const FEDERATED_LIMIT_S: i32 = 12 * 3600;

/// What is known.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    pub obtained_at: OffsetDateTime,
    pub last_ok_at: OffsetDateTime,
    /// Device-code tokens: sign-in frequency is enforced at their refresh.
    pub public_class: bool,
    pub federated: bool,
    /// Seconds, as the last 70043 of this tenant named it.
    pub sign_in_frequency_s: Option<i32>,
    /// End of the credential that refreshes need.
    pub credential_ends_at: Option<OffsetDateTime>,
}

/// The earliest date, and why (`connections.expires_reason`).
pub fn lapse(known: &Known) -> (OffsetDateTime, &'static str) {
    let idle = (known.last_ok_at + IDLE_LIMIT, "idle");
    let signed_in = known
        .sign_in_frequency_s
        .filter(|_| known.public_class)
        .map(|limit| {
            let reason = if known.federated && limit == FEDERATED_LIMIT_S {
                "federated"
            } else {
                "sign_in_frequency"
            };
            (known.obtained_at + Duration::seconds(limit.into()), reason)
        });
    let credential = known
        .credential_ends_at
        .filter(|_| !known.public_class)
        .map(|at| (at, "credential"));
    [signed_in, credential]
        .into_iter()
        .flatten()
        .fold(
            idle,
            |first, other| if other.0 < first.0 { other } else { first },
        )
}

/// An app-only connection lapses with its credential, and with nothing else.
pub fn lapse_app_only(
    credential_ends_at: Option<OffsetDateTime>,
) -> Option<(OffsetDateTime, &'static str)> {
    credential_ends_at.map(|at| (at, "credential"))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn known() -> Known {
        Known {
            obtained_at: datetime!(2026-03-01 00:00 UTC),
            last_ok_at: datetime!(2026-03-02 00:00 UTC),
            public_class: true,
            federated: false,
            sign_in_frequency_s: None,
            credential_ends_at: Some(datetime!(2026-03-10 00:00 UTC)),
        }
    }

    #[test]
    fn ninety_days_after_the_last_success_when_nothing_else_is_known() {
        assert_eq!(lapse(&known()), (datetime!(2026-05-31 00:00 UTC), "idle"));
    }

    #[test]
    fn sign_in_frequency_counts_from_the_sign_in_and_only_for_device_code_tokens() {
        let limited = Known {
            sign_in_frequency_s: Some(43_200),
            ..known()
        };
        let at = datetime!(2026-03-01 12:00 UTC);
        assert_eq!(lapse(&limited), (at, "sign_in_frequency"));
        let federated = Known {
            federated: true,
            ..limited
        };
        assert_eq!(lapse(&federated), (at, "federated"));
        let confidential = Known {
            public_class: false,
            ..limited
        };
        assert_eq!(
            lapse(&confidential),
            (datetime!(2026-03-10 00:00 UTC), "credential")
        );
    }
}
