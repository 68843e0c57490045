//! What Microsoft told about a tenant besides errors, each with the instant at which it was seen. The keeper writes it
//! down as JSON; the diagnosis reads it. Absent means not readable, never "not so".

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

/// A fact and when it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed<T> {
    pub value: T,
    pub at: OffsetDateTime,
}

/// Everything seen of one tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    pub account: Option<Observed<Account>>,
    pub risk: Option<Observed<Risk>>,
    pub application: Option<Observed<Application>>,
    pub consent: Option<Observed<Consent>>,
    pub policies: Option<Observed<Vec<Policy>>>,
    pub roles: Option<Observed<Vec<String>>>,
    pub tenant: Option<Observed<Existence>>,
    pub held_token: Option<Observed<HeldToken>>,
}

/// The account that signed in (Graph `user`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub oid: Uuid,
    /// Graph knows no such account: deleted.
    pub deleted: bool,
    pub enabled: Option<bool>,
    /// `lastPasswordChangeDateTime`.
    #[serde(with = "time::serde::rfc3339::option")]
    pub password_changed_at: Option<OffsetDateTime>,
    /// `signInSessionsValidFromDateTime`.
    #[serde(with = "time::serde::rfc3339::option")]
    pub sessions_valid_from: Option<OffsetDateTime>,
    /// Synchronised from the customer's own directory.
    pub on_premises: Option<bool>,
    /// How many licences it holds; none when not told.
    pub licences: Option<usize>,
}

/// What ID Protection says of the account (Graph `riskyUser`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// `low`, `medium`, `high`, `none` or `hidden`.
    pub level: String,
    /// `atRisk`, `confirmedCompromised`, `remediated`, `dismissed`, `none`, …
    pub state: String,
}

impl Risk {
    /// Microsoft holds the risk against the account now.
    pub fn is_open(&self) -> bool {
        matches!(self.state.as_str(), "atRisk" | "confirmedCompromised")
    }
}

/// Our enterprise application in the tenant (Graph `servicePrincipal`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Application {
    Enabled,
    /// Switched off by the customer's administrator.
    Disabled,
    /// Switched off by Microsoft.
    DisabledByMicrosoft,
    Absent,
}

/// Delegated consent to our application (Graph `oauth2PermissionGrants`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// How many grants there are; one per resource and kind of consent.
    pub grants: usize,
}

/// One Conditional Access policy, as far as it decides over tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    pub name: String,
    pub mode: PolicyMode,
    /// Seconds; none when the policy sets no sign-in frequency.
    pub sign_in_frequency_s: Option<i64>,
    pub rules: Vec<Rule>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub changed_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub created_at: Option<OffsetDateTime>,
    /// Made by Microsoft: switches itself on some weeks after it appeared in report-only mode.
    pub managed_by_microsoft: bool,
}

/// What a policy does to whom it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    Blocks,
    /// Blocks sign-ins by device code; [`Rule::Blocks`] stands beside it.
    BlocksDeviceCode,
    RequiresMfa,
    RequiresDevice,
}

impl Policy {
    pub fn does(&self, rule: Rule) -> bool {
        self.rules.contains(&rule)
    }
}

/// Whether a policy acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyMode {
    On,
    ReportOnly,
    Off,
}

/// Whether Microsoft knows the tenant (OpenID metadata, which anybody may read).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Existence {
    Known,
    Unknown,
}

/// What became of the access token held when the refresh was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldToken {
    Works,
    Refused,
}

impl Seen {
    /// The policies that act.
    pub(super) fn acting(&self) -> impl Iterator<Item = &Policy> {
        self.policies
            .iter()
            .flat_map(|seen| &seen.value)
            .filter(|policy| policy.mode == PolicyMode::On)
    }
}
