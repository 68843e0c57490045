//! The names `error` and `suberror` of OAuth answers, and what each says about the cause when no
//! number does. Logic elsewhere follows these names; numbers only explain.

use super::category::Category;
use super::scan::{Text, word};

/// Names that Entra (RFC 6749, RFC 8628, OpenID Connect, v1 and v2) or an MSAL library gives.
/// [`Category::Unknown`] stands where the name alone does not tell.
const ERRORS: [(&str, Category); 39] = [
    ("access_denied", Category::ConsentMissing),
    ("accessing_metadata_document_failed", Category::Federation),
    (
        "accessing_ws_metadata_exchange_failed",
        Category::Federation,
    ),
    ("authentication_canceled", Category::ConsentMissing),
    ("authorization_declined", Category::DeviceCodeDeclined),
    ("authorization_pending", Category::DeviceCodePending),
    ("bad_verification_code", Category::InvalidRequest),
    ("code_expired", Category::DeviceCodeExpired),
    ("consent_required", Category::ConsentMissing),
    ("device_code_expired", Category::DeviceCodeExpired),
    ("expired_token", Category::DeviceCodeExpired),
    ("federated_service_returned_error", Category::Federation),
    ("insufficient_claims", Category::ConditionalAccess),
    ("insufficient_scope", Category::ConsentMissing),
    ("interaction_required", Category::Unknown),
    ("invalid_client", Category::AppCredentialInvalid),
    ("invalid_grant", Category::Unknown),
    ("invalid_instance", Category::InvalidRequest),
    ("invalid_request", Category::InvalidRequest),
    ("invalid_resource", Category::AppMissingOrDisabled),
    ("invalid_scope", Category::InvalidRequest),
    ("invalid_tenant", Category::TenantMissingOrDisabled),
    ("invalid_token", Category::Unknown),
    ("login_required", Category::SessionRevoked),
    ("parsing_ws_metadata_exchange_failed", Category::Federation),
    ("parsing_wstrust_response_failed", Category::Federation),
    ("permission_denied", Category::ConsentMissing),
    ("request_throttled", Category::Throttled),
    ("request_timeout", Category::MicrosoftOutage),
    ("server_error", Category::MicrosoftOutage),
    ("service_not_available", Category::MicrosoftOutage),
    ("slow_down", Category::DeviceCodePending),
    ("temporarily_unavailable", Category::MicrosoftOutage),
    ("unauthorized_client", Category::AppMissingOrDisabled),
    ("unsupported_grant_type", Category::InvalidRequest),
    ("unsupported_response_type", Category::InvalidRequest),
    ("user_cancelled", Category::ConsentMissing),
    ("user_realm_discovery_failed", Category::Federation),
    ("wstrust_endpoint_not_found", Category::Federation),
];

/// What `suberror` says; `bad_token` and `client_mismatch` come with too many causes to tell.
const SUBERRORS: [(&str, Category); 8] = [
    ("additional_action", Category::MfaRequired),
    ("basic_action", Category::MfaRequired),
    ("consent_required", Category::ConsentMissing),
    ("device_authentication_failed", Category::DeviceCompliance),
    ("message_only", Category::ConditionalAccess),
    ("protection_policy_required", Category::ConditionalAccess),
    ("token_expired", Category::SignInFrequency),
    ("user_password_expired", Category::PasswordChanged),
];

/// `error` and `suberror` as found in one text.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub error: Option<String>,
    pub suberror: Option<String>,
}

impl Names {
    /// The names that belong to what is told at `at`.
    pub(super) fn find(text: &Text, at: usize) -> Self {
        let suberror = text.nearest(&SUBERROR_LABELS, at, |value| {
            word(value).filter(|word| is_name(word)).map(str::to_owned)
        });
        Self {
            error: error(text, at),
            suberror,
        }
    }

    /// What the names say about the cause; nothing when they are ambiguous.
    pub(super) fn category(&self) -> Option<Category> {
        let look_up = |table: &[(&str, Category)], name: &Option<String>| {
            let name = name.as_deref()?;
            let (_, category) = table.iter().find(|(known, _)| *known == name)?;
            (*category != Category::Unknown).then_some(*category)
        };
        look_up(&SUBERRORS, &self.suberror).or_else(|| look_up(&ERRORS, &self.error))
    }
}

const SUBERROR_LABELS: [&str; 3] = ["suberror", "sub_error", "sub-error"];

fn is_name(word: &str) -> bool {
    word.len() >= 3 && word.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// The OAuth name: the last one shortly before `at`, as in `invalid_grant: AADSTS…`, else the
/// nearest. Without one, Graph's `code`.
fn error(text: &Text, at: usize) -> Option<String> {
    const SHORTLY: usize = 200;
    let mut suberrors: Vec<usize> = SUBERROR_LABELS
        .into_iter()
        .flat_map(|label| text.values(label))
        .collect();
    suberrors.sort_unstable();
    let known = |place: &(usize, &str)| {
        ERRORS.iter().any(|(name, _)| *name == place.1)
            && suberrors.binary_search(&place.0).is_err()
    };
    let distance = |place: usize| match at.checked_sub(place) {
        Some(before) if before <= SHORTLY => before,
        Some(before) => before + SHORTLY,
        None => place - at + SHORTLY,
    };
    words(&text.lower)
        .filter(known)
        .min_by_key(|(place, _)| distance(*place))
        .map(|(_, name)| name.to_owned())
        .or_else(|| text.nearest(&["code"], at, graph_code))
}

/// A code as Graph writes them: `InvalidAuthenticationToken`, `Authorization_RequestDenied`.
fn graph_code(value: &str) -> Option<String> {
    word(value)
        .filter(|code| code.len() >= 6)
        .filter(|code| {
            code.bytes()
                .all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        })
        .map(str::to_owned)
}

/// Words of letters, digits and underscores, long enough for a name, with their places.
fn words(lower: &str) -> impl Iterator<Item = (usize, &str)> {
    let ends = |character: char| !character.is_ascii_alphanumeric() && character != '_';
    lower
        .split_inclusive(ends)
        .scan(0, |next, piece| {
            let place = *next;
            *next += piece.len();
            Some((place, piece))
        })
        .map(move |(place, piece)| (place, piece.trim_end_matches(ends)))
        .filter(|(_, word)| word.len() > 8 && word.contains('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Names {
        Names::find(
            &Text::new(text.to_owned()),
            text.find("AADSTS").unwrap_or(0),
        )
    }

    #[test]
    fn finds_the_name_that_belongs_to_the_number() {
        for text in [
            "invalid_grant: 50173 - [2021-10-18]: AADSTS50173: x",
            r#"{"error_description":"AADSTS50173: x","error":"invalid_grant"}"#,
            "authorization_pending (far away) invalid_grant:AADSTS1: x. server_error",
        ] {
            assert_eq!(
                names(text).error.as_deref(),
                Some("invalid_grant"),
                "{text}"
            );
        }
    }

    #[test]
    fn tells_a_suberror_from_an_error() {
        let names = names(r#"{"error":"invalid_grant","suberror":"consent_required"}"#);
        assert_eq!(names.error.as_deref(), Some("invalid_grant"));
        assert_eq!(names.suberror.as_deref(), Some("consent_required"));
        assert_eq!(names.category(), Some(Category::ConsentMissing));
    }

    #[test]
    fn reads_the_code_of_graph() {
        let names = names(r#"{"error":{"code":"InvalidAuthenticationToken","message":"x"}}"#);
        assert_eq!(names.error.as_deref(), Some("InvalidAuthenticationToken"));
        assert_eq!(names.category(), None);
    }

    #[test]
    fn an_ambiguous_name_says_nothing() {
        assert_eq!(
            names(r#"{"error":"invalid_grant","suberror":""}"#).category(),
            None
        );
        assert_eq!(
            names("error=invalid_client").category(),
            Some(Category::AppCredentialInvalid)
        );
    }
}
