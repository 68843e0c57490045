//! Closed lists of words.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::alert::{Event, Severity};
use crate::domain::campaign::{self, Stage};
use crate::domain::connection::{
    ExpiryReason, Grade, Mode, ModeFilter, PendingReason, ShownState, TokenState,
};
use crate::domain::diagnosis::{Category, Confidence, Method as Obtained, Retryable, WhoActs};
use crate::domain::invitation::{InvitationState, Method};
use crate::domain::tenant::{Resource, Shown, TenantState};
use crate::keeper::message::{CheckKind, CheckOutcome};
use crate::web::api::access_tokens::ResourceWord;

/// A type whose values are the words of one list, in JSON, in addresses and in the document.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $list:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(in crate::web::api) struct $name(pub(in crate::web::api) &'static str);

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
                found.map(Self).ok_or_else(|| {
                    D::Error::custom(format!("it is one of: {}", Self::list().join(", ")))
                })
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
    /// What "Validate Authentication" looks at.
    CheckWord = [
        "refresh", "tenant", "account", "permissions", "roles", "sign_in", "enterprise_application", "credential",
    ].into();
    /// Only `failed` makes a validation fail; `skipped` could not be looked at, `not_applicable` is not there with its kind.
    OutcomeWord = ["passed", "warning", "failed", "skipped", "not_applicable"].into();
    /// Why customers are asked.
    CampaignReasonWord = campaign::Reason::ALL.map(campaign::Reason::as_str).into();
    CampaignStateWord = campaign::State::ALL.map(campaign::State::as_str).into();
    /// How far a tenant of a campaign has come.
    StageWord = Stage::ALL.map(Stage::as_str).into();
    /// What an alert tells.
    EventWord = Event::ALL.map(Event::as_str).into();
    SeverityWord = Severity::ALL.map(Severity::as_str).into();
    AlertWord = ["open", "closed"].into();
    AlertFilterWord = ["open", "closed", "all"].into();
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

impl From<CheckKind> for CheckWord {
    fn from(check: CheckKind) -> Self {
        Self(match check {
            CheckKind::Refresh => "refresh",
            CheckKind::Tenant => "tenant",
            CheckKind::Account => "account",
            CheckKind::Permissions => "permissions",
            CheckKind::Roles => "roles",
            CheckKind::SignIn => "sign_in",
            CheckKind::EnterpriseApplication => "enterprise_application",
            CheckKind::Credential => "credential",
        })
    }
}

impl From<CheckOutcome> for OutcomeWord {
    fn from(outcome: CheckOutcome) -> Self {
        Self(match outcome {
            CheckOutcome::Passed => "passed",
            CheckOutcome::Warning => "warning",
            CheckOutcome::Failed => "failed",
            CheckOutcome::Skipped => "skipped",
            CheckOutcome::NotApplicable => "not_applicable",
        })
    }
}

impl From<campaign::Reason> for CampaignReasonWord {
    fn from(reason: campaign::Reason) -> Self {
        Self(reason.as_str())
    }
}

impl From<campaign::State> for CampaignStateWord {
    fn from(state: campaign::State) -> Self {
        Self(state.as_str())
    }
}

impl From<Stage> for StageWord {
    fn from(stage: Stage) -> Self {
        Self(stage.as_str())
    }
}

impl From<Event> for EventWord {
    fn from(event: Event) -> Self {
        Self(event.as_str())
    }
}

impl From<Severity> for SeverityWord {
    fn from(severity: Severity) -> Self {
        Self(severity.as_str())
    }
}

impl AlertWord {
    pub(in crate::web::api) const OPEN: Self = Self("open");
    pub(in crate::web::api) const CLOSED: Self = Self("closed");
}

impl AlertFilterWord {
    /// Which ones are meant; none: all.
    pub(in crate::web::api) fn open(self) -> Option<bool> {
        match self.0 {
            "open" => Some(true),
            "closed" => Some(false),
            _ => None,
        }
    }
}

impl ConnectionWord {
    pub(in crate::web::api) const CURRENT: Self = Self("current");
    pub(in crate::web::api) const PENDING: Self = Self("pending");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_a_closed_list() {
        assert!(serde_json::from_str::<StateWord>("\"expired\"").is_ok());
        assert!(serde_json::from_str::<StateWord>("\"broken\"").is_err());
    }
}
