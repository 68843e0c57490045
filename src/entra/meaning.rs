//! From an answer of the sign-in host to its meaning. Logic follows `error` and `suberror`; numbers decide only where
//! they are listed here, and a number that nobody knows is transient (Microsoft may change numbers and texts any day).

use super::wire::EntraError;
use super::{Certainty, Meaning};

/// What an error answer of the token or device code endpoint means.
pub(super) fn of(status: u16, error: &EntraError) -> Meaning {
    let says = |list: &[u32]| error.codes.iter().any(|code| list.contains(code));
    if status == 429 || says(THROTTLED) {
        return Meaning::Throttled;
    }
    if status >= 500 {
        return Meaning::Transient;
    }
    match error.error.as_str() {
        "interaction_required"
        | "login_required"
        | "consent_required"
        | "access_denied"
        | "authorization_declined"
        | "expired_token"
        | "code_expired"
        | "bad_verification_code" => Meaning::Rejected(Certainty::Definitive),
        "invalid_tenant" => Meaning::Rejected(Certainty::Ambiguous),
        "invalid_resource" | "invalid_scope" => Meaning::ResourceRefused,
        "invalid_client" | "unauthorized_client" => {
            if says(APP_ABSENT) {
                Meaning::AppAbsent
            } else if says(RESOURCE) {
                Meaning::ResourceRefused
            } else if says(TENANT_POLICY_ON_APP) {
                Meaning::Rejected(Certainty::Definitive)
            } else if says(SERVICE_PRINCIPAL_IN_THE_MAKING) {
                Meaning::Transient
            } else {
                Meaning::AppLevel
            }
        }
        "unsupported_grant_type" | "unsupported_response_type" => Meaning::AppLevel,
        "invalid_grant" | "invalid_request" => refused_grant(error, says),
        _ => Meaning::Transient,
    }
}

fn refused_grant(error: &EntraError, says: impl Fn(&[u32]) -> bool) -> Meaning {
    if error.suberror.as_deref().is_some_and(needs_person) || says(DEFINITE) {
        Meaning::Rejected(Certainty::Definitive)
    } else if says(APP_ABSENT) {
        Meaning::AppAbsent
    } else if says(RESOURCE) {
        Meaning::ResourceRefused
    } else if says(APP_LEVEL) {
        Meaning::AppLevel
    } else if says(AMBIGUOUS) || (error.codes.is_empty() && error.error == "invalid_grant") {
        Meaning::Rejected(Certainty::Ambiguous)
    } else {
        Meaning::Transient
    }
}

/// Does this `suberror` say that a person must act? `bad_token` does not: it comes with mangled tokens too.
fn needs_person(suberror: &str) -> bool {
    matches!(
        suberror,
        "basic_action"
            | "additional_action"
            | "message_only"
            | "consent_required"
            | "user_password_expired"
            | "token_expired"
            | "protection_policy_required"
            | "client_mismatch"
            | "device_authentication_failed"
    )
}

/// What an answer without a readable error means.
pub(super) fn of_status(status: u16) -> Meaning {
    match status {
        429 => Meaning::Throttled,
        408 | 425 | 500.. => Meaning::Transient,
        _ => Meaning::Malformed,
    }
}

/// Loop detected; too many requests of a tenant.
const THROTTLED: &[u32] = &[50_196, 90_055];

/// The grant is dead or blocked for a reason that only a person can remove.
#[rustfmt::skip]
const DEFINITE: &[u32] = &[
    // Password changed, sessions revoked.
    50_055, 50_085, 50_125, 50_132, 50_133, 50_139, 50_144, 50_173,
    // Lapsed: unused for 90 days, fixed life over, sign-in frequency.
    70_008, 70_043, 70_044, 700_081, 700_082, 700_084,
    // Consent missing or withdrawn.
    65_001, 65_004, 90_008, 90_093, 90_094, 90_095, 90_099, 900_941, 900_981,
    // User disabled, deleted, not of this tenant, at risk, not assigned.
    50_014, 50_020, 50_034, 50_057, 50_105, 50_135, 50_177, 50_197, 51_004, 500_202, 500_341, 500_571, 501_051, 530_034,
    // MFA.
    50_072, 50_074, 50_076, 50_078, 50_079, 50_158, 50_161, 50_203, 53_004, 53_010, 90_072, 130_004, 130_005, 130_006, 135_010,
    // Conditional Access and device.
    50_005, 50_097, 50_099, 50_127, 50_129, 50_131, 50_155, 50_187, 53_000, 53_001, 53_002, 53_003, 53_005, 53_009, 53_011,
    130_007, 130_008, 135_011, 500_021, 500_022, 500_212, 500_213, 530_002, 530_003, 530_004, 530_021, 530_032, 530_035, 530_036, 530_084, 700_003,
];

/// The grant was not understood, or the tenant or account may come back.
#[rustfmt::skip]
const AMBIGUOUS: &[u32] = &[
    // Unknown, mangled, redeemed or foreign grant.
    50_013, 54_005, 70_000, 140_001, 501_481, 700_005, 7_000_012, 7_000_014, 9_002_313,
    // Locked out for a while, credentials.
    50_017, 50_053, 50_056, 50_064, 50_126, 500_532,
    // Tenant not found or not in service.
    50_128, 90_002, 900_021, 900_023, 5_000_224,
];

/// Our enterprise application is absent or switched off in the tenant.
const APP_ABSENT: &[u32] = &[70_001, 700_011, 700_016, 1_000_031, 7_000_112, 7_000_229];

/// This resource or scope, not the grant.
const RESOURCE: &[u32] = &[
    28_000, 28_002, 28_003, 50_001, 70_011, 500_011, 500_014, 650_052, 650_053, 650_054, 650_057,
    700_022, 1_002_012,
];

/// Our registration or credential, reported as a bad request or grant.
const APP_LEVEL: &[u32] = &[
    50_012, 50_027, 50_194, 700_025, 700_027, 900_144, 900_382, 900_432, 900_439, 7_000_215,
    7_000_218, 7_000_222, 9_002_326, 9_002_327,
];

/// The tenant's own policy about apps, reported as if the app were wrong.
const TENANT_POLICY_ON_APP: &[u32] = &[53_005, 53_009, 501_051];

/// The service principal is being made; passes within a minute.
const SERVICE_PRINCIPAL_IN_THE_MAKING: &[u32] = &[650_051];

#[cfg(test)]
mod tests {
    use super::*;
    use Certainty::{Ambiguous, Definitive};
    use Meaning::{
        AppAbsent, AppLevel, Malformed, Rejected, ResourceRefused, Throttled, Transient,
    };

    fn meaning(status: u16, error: &str, suberror: &str, codes: &[u32]) -> Meaning {
        of(
            status,
            &EntraError {
                error: error.into(),
                suberror: Some(suberror.into()).filter(|text: &String| !text.is_empty()),
                codes: codes.into(),
                ..EntraError::default()
            },
        )
    }

    /// Status, `error`, `suberror`, codes.
    type Answer = (u16, &'static str, &'static str, &'static [u32]);

    fn all_mean(expected: Meaning, answers: &[Answer]) {
        for (status, error, suberror, codes) in answers {
            let read = meaning(*status, error, suberror, codes);
            assert_eq!(read, expected, "{status} {error} {suberror} {codes:?}");
        }
    }

    #[test]
    fn deaths_with_a_definite_cause_need_a_person() {
        all_mean(
            Rejected(Definitive),
            &[
                (400, "invalid_grant", "bad_token", &[50_173]),
                (400, "invalid_grant", "bad_token", &[700_082]),
                (400, "invalid_grant", "token_expired", &[70_043]),
                (400, "invalid_grant", "", &[70_008]),
                (400, "invalid_grant", "consent_required", &[65_001]),
                (400, "invalid_grant", "", &[50_057]),
                (400, "invalid_grant", "", &[530_036]),
                (400, "invalid_grant", "message_only", &[53_003]),
                (401, "invalid_grant", "", &[50_097]),
                (400, "interaction_required", "basic_action", &[50_076]),
                (400, "interaction_required", "", &[99_999_999]),
                (400, "consent_required", "", &[]),
                // The suberror decides although nobody knows the number.
                (400, "invalid_grant", "basic_action", &[59_999]),
                // Dressed as the app's fault, but the tenant's policy about apps.
                (400, "unauthorized_client", "", &[53_005]),
            ],
        );
    }

    #[test]
    fn refusals_that_may_pass_are_confirmed_first() {
        all_mean(
            Rejected(Ambiguous),
            &[
                (400, "invalid_grant", "", &[]),
                (400, "invalid_grant", "", &[70_000]),
                (400, "invalid_grant", "bad_token", &[9_002_313]),
                (400, "invalid_request", "", &[90_002]),
                (400, "invalid_tenant", "", &[90_002]),
            ],
        );
    }

    #[test]
    fn throttling_is_seen_in_any_dress() {
        all_mean(
            Throttled,
            &[
                (429, "temporarily_unavailable", "", &[]),
                (429, "invalid_grant", "bad_token", &[50_173]),
                (400, "invalid_grant", "", &[50_196]),
                (400, "temporarily_unavailable", "", &[90_055]),
            ],
        );
    }

    #[test]
    fn trouble_and_what_nobody_knows_is_transient() {
        all_mean(
            Transient,
            &[
                (400, "temporarily_unavailable", "", &[90_033]),
                (503, "invalid_grant", "", &[50_173]),
                (400, "server_error", "", &[50_000]),
                (400, "invalid_grant", "", &[59_999]),
                (400, "invalid_grant", "", &[90_033]),
                (400, "invalid_request", "", &[]),
                (400, "some_new_error", "", &[50_173]),
                (400, "slow_down", "", &[]),
                (401, "invalid_client", "", &[650_051]),
            ],
        );
    }

    #[test]
    fn our_credential_our_app_and_one_resource_are_told_apart() {
        all_mean(
            AppLevel,
            &[
                (401, "invalid_client", "", &[7_000_215]),
                (401, "invalid_client", "", &[7_000_222]),
                (401, "invalid_client", "", &[70_002, 50_012]),
                (401, "invalid_client", "", &[]),
                (400, "unauthorized_client", "", &[59_999]),
                (400, "invalid_request", "", &[50_194]),
                (400, "unsupported_grant_type", "", &[70_003]),
            ],
        );
        all_mean(
            AppAbsent,
            &[
                (400, "unauthorized_client", "", &[700_016]),
                (401, "invalid_client", "", &[7_000_229]),
                (400, "unauthorized_client", "", &[7_000_112]),
            ],
        );
        all_mean(
            ResourceRefused,
            &[
                (400, "invalid_resource", "", &[500_011]),
                (400, "invalid_grant", "", &[28_000]),
                (401, "invalid_client", "", &[650_052]),
            ],
        );
    }

    #[test]
    fn without_a_readable_error_the_status_is_all_there_is() {
        for (status, expected) in [
            (200, Malformed),
            (302, Malformed),
            (400, Malformed),
            (404, Malformed),
            (408, Transient),
            (429, Throttled),
            (500, Transient),
            (503, Transient),
        ] {
            assert_eq!(of_status(status), expected, "{status}");
        }
    }

    #[test]
    fn no_number_is_in_two_lists() {
        let lists = [
            THROTTLED,
            DEFINITE,
            AMBIGUOUS,
            APP_ABSENT,
            RESOURCE,
            APP_LEVEL,
            SERVICE_PRINCIPAL_IN_THE_MAKING,
        ];
        let mut all = lists.concat();
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
