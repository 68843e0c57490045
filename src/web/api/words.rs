//! Closed lists of words, instants, pages: what many calls of the API give and take.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::access_tokens::ResourceWord;
use super::{ApiResult, KeyHolder, Problem};
use crate::domain::connection::{
    ExpiryReason, Grade, Mode, ModeFilter, PendingReason, ShownState, TokenState,
};
use crate::domain::diagnosis::{Category, Confidence, Method as Obtained, Retryable, WhoActs};
use crate::domain::invitation::{InvitationState, Method};
use crate::domain::op::Op;
use crate::domain::tenant::{self, Resource, ShortName, Shown, Tenant, TenantState};

/// A type whose values are the words of one list, in JSON, in addresses and in the document.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $list:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) struct $name(pub(super) &'static str);

        impl $name {
            fn list() -> Vec<&'static str> {
                $list
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<str>::deserialize(deserializer)?;
                let found = Self::list().into_iter().find(|word| *word == text);
                found.map(Self).ok_or_else(|| D::Error::custom("unknown word"))
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "enum": Self::list() })
            }
        }
    )+};
}

words! {
    /// A tenant's standing as shown.
    StateWord = ShownState::ALL.iter().map(|one| one.as_str()).collect();
    /// What a failure was read as.
    CauseWord = Category::ALL.iter().map(|one| one.as_str()).collect();
    WhoWord = WhoActs::ALL.iter().map(|one| one.as_str()).collect();
    RetryWord = Retryable::ALL.iter().map(|one| one.as_str()).collect();
    ConfidenceWord = ["high", "likely", "unsure"].into();
    /// `none`: without a connection.
    ModeWord = ModeFilter::ALL.iter().map(|one| one.as_str()).collect();
    ExpiryWord = ["idle", "sign_in_frequency", "federated", "credential", "rhythm", "policy"].into();
    PendingWord = ["awaiting_consent", "awaiting_confirmation"].into();
    TokenWord = ["none", "waiting", "valid", "failed"].into();
    GradeWord = ["short", "fair", "long"].into();
    ObtainedWord = ["device_code", "auth_code", "app_only"].into();
    MethodWord = [Method::DeviceCode, Method::AuthCode, Method::AppOnly].map(Method::as_str).into();
    InvitationWord = ["open", "started", "completed", "expired", "revoked"].into();
    /// `pending`: open or started.
    InvitationFilterWord = ["pending", "open", "started", "completed", "expired", "revoked"].into();
    TenantStateWord = ["active", "suspended", "archived"].into();
    /// Whether a connection is in use, or waits beside it.
    ConnectionWord = ["current", "pending"].into();
}

impl From<ShownState> for StateWord {
    fn from(state: ShownState) -> Self {
        Self(state.as_str())
    }
}

impl From<Category> for CauseWord {
    fn from(cause: Category) -> Self {
        Self(cause.as_str())
    }
}

impl From<WhoActs> for WhoWord {
    fn from(who: WhoActs) -> Self {
        Self(who.as_str())
    }
}

impl From<Retryable> for RetryWord {
    fn from(retryable: Retryable) -> Self {
        Self(retryable.as_str())
    }
}

impl From<Confidence> for ConfidenceWord {
    fn from(confidence: Confidence) -> Self {
        Self(confidence.as_str())
    }
}

impl From<Option<Mode>> for ModeWord {
    fn from(mode: Option<Mode>) -> Self {
        Self(mode.map_or("none", Mode::as_str))
    }
}

impl From<ExpiryReason> for ExpiryWord {
    fn from(reason: ExpiryReason) -> Self {
        Self(reason.as_str())
    }
}

impl From<PendingReason> for PendingWord {
    fn from(reason: PendingReason) -> Self {
        Self(match reason {
            PendingReason::AwaitingConsent => "awaiting_consent",
            PendingReason::AwaitingConfirmation => "awaiting_confirmation",
        })
    }
}

impl From<Option<TokenState>> for TokenWord {
    fn from(state: Option<TokenState>) -> Self {
        Self(match state {
            None => "none",
            Some(TokenState::Waiting) => "waiting",
            Some(TokenState::Valid) => "valid",
            Some(TokenState::Failed) => "failed",
        })
    }
}

impl From<Grade> for GradeWord {
    fn from(grade: Grade) -> Self {
        Self(match grade {
            Grade::Short => "short",
            Grade::Fair => "fair",
            Grade::Long => "long",
        })
    }
}

impl From<Obtained> for ObtainedWord {
    fn from(obtained: Obtained) -> Self {
        Self(match obtained {
            Obtained::DeviceCode => "device_code",
            Obtained::BrowserSignIn => "auth_code",
            Obtained::AppOnly => "app_only",
        })
    }
}

impl From<Method> for MethodWord {
    fn from(method: Method) -> Self {
        Self(method.as_str())
    }
}

impl From<&InvitationState> for InvitationWord {
    fn from(state: &InvitationState) -> Self {
        Self(state.as_str())
    }
}

impl From<&TenantState> for TenantStateWord {
    fn from(state: &TenantState) -> Self {
        Self(state.as_str())
    }
}

impl ConnectionWord {
    pub(super) const CURRENT: Self = Self("current");
    pub(super) const PENDING: Self = Self("pending");
}

impl From<TenantStateWord> for Shown {
    fn from(word: TenantStateWord) -> Self {
        Self::from_word(word.0)
    }
}

impl From<Resource> for ResourceWord {
    fn from(resource: Resource) -> Self {
        match resource {
            Resource::Graph => Self::Graph,
            Resource::Exchange => Self::Exchange,
            Resource::Teams => Self::Teams,
            Resource::Azure => Self::Azure,
        }
    }
}

/// An instant as RFC 3339 writes it, in UTC.
#[derive(Clone, Copy, Debug)]
pub(super) struct At(pub(super) OffsetDateTime);

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error as _;
        let text = self.0.to_offset(time::UtcOffset::UTC).format(&Rfc3339);
        serializer.serialize_str(&text.map_err(S::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let at = OffsetDateTime::parse(&text, &Rfc3339);
        at.map(Self).map_err(|_| D::Error::custom("no instant"))
    }
}

impl JsonSchema for At {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Instant".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time", "examples": ["2026-11-21T12:00:00Z"] })
    }
}

/// The tenant that something belongs to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct TenantName {
    pub id: uuid::Uuid,
    pub short_name: String,
    pub full_name: String,
}

impl From<&Tenant> for TenantName {
    fn from(tenant: &Tenant) -> Self {
        Self {
            id: tenant.id.as_uuid(),
            short_name: tenant.short_name.to_string(),
            full_name: tenant.full_name.clone(),
        }
    }
}

/// The tenant that an address names, by id or short name; absent and out of reach are alike.
pub(super) async fn tenant_of(op: &mut Op, holder: &KeyHolder, named: &str) -> ApiResult<Tenant> {
    let scope = holder.scope();
    let found = match (named.parse(), ShortName::parse(named)) {
        (Ok(id), _) => tenant::find(op, scope, id).await?,
        (Err(_), Some(name)) => tenant::find_by_short_name(op, scope, &name).await?,
        (Err(_), None) => None,
    };
    found.ok_or_else(Problem::not_found)
}

/// Items of a list, and where the next ones begin.
pub(super) fn page_size(limit: Option<u16>) -> ApiResult<i64> {
    match limit {
        None => Ok(50),
        Some(limit @ 1..=200) => Ok(limit.into()),
        Some(_) => Err(Problem::bad_request("A page has 1 to 200 items.")),
    }
}

/// A place in a list as callers carry it: opaque, and good for the same list and filters.
pub(super) fn cursor_of(place: &str) -> String {
    URL_SAFE_NO_PAD.encode(place)
}

/// The place in a cursor; empty without one.
pub(super) fn place_in(cursor: Option<&str>) -> ApiResult<String> {
    let Some(cursor) = cursor else {
        return Ok(String::new());
    };
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.filter(|text| !text.is_empty() && !text.contains('\0'))
        .ok_or_else(odd_cursor)
}

pub(super) fn odd_cursor() -> Problem {
    Problem::bad_request("This cursor is none of this list's. Begin without one.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_place_and_nothing_else_is_one() {
        let cursor = cursor_of("contoso~2026-01-01 00:00:00+00");
        assert_eq!(
            place_in(Some(&cursor)).unwrap(),
            "contoso~2026-01-01 00:00:00+00"
        );
        assert_eq!(place_in(None).unwrap(), "");
        for wrong in ["", "contoso~", "%%%", "AA"] {
            assert!(place_in(Some(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn words_are_a_closed_list() {
        assert!(serde_json::from_str::<StateWord>("\"expired\"").is_ok());
        assert!(serde_json::from_str::<StateWord>("\"broken\"").is_err());
        assert_eq!(page_size(None).unwrap(), 50);
        assert!(page_size(Some(0)).is_err() && page_size(Some(201)).is_err());
    }
}
