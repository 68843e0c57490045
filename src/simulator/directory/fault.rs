//! Troubles made on purpose: throttling, outages, slow and mangled replies, scripted errors.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::State;

/// One trouble, in force until it was used up or its time is over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fault {
    pub id: Uuid,
    /// The tenant whose calls it meets; absent: everybody's.
    pub tenant: Option<Uuid>,
    pub area: Area,
    /// Only calls with this `grant_type` (`refresh_token`, …).
    pub grant: Option<String>,
    pub kind: FaultKind,
    /// Calls it still meets; absent: no limit.
    pub remaining: Option<u32>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub until: Option<OffsetDateTime>,
}

/// Which calls a fault meets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    #[default]
    Token,
    DeviceCode,
    Graph,
    /// Metadata, keys, user realm.
    Discovery,
    Any,
}

/// What the fault does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// 429 with `Retry-After`.
    Throttled { retry_after: u32 },
    /// An HTML page with status 503 or 504.
    Outage { status: u16 },
    /// The call is done, its answer held back.
    Slow { milliseconds: u64 },
    /// The call is done, its answer cut in the middle and the connection broken.
    Truncated,
    /// The call is done, its answer is JSON of another shape.
    WrongJson,
    /// The call is done, its answer is an HTML page with status 200.
    Html,
    /// The call is done, its answer has no body.
    Empty,
    /// The call is done, and the token answer holds no new refresh token.
    NoRefreshToken,
    /// An error answer as scripted, known number or not.
    Error {
        code: u32,
        #[serde(default = "invalid_grant")]
        error: String,
        #[serde(default)]
        suberror: Option<String>,
        #[serde(default)]
        text: Option<String>,
        #[serde(default)]
        status: Option<u16>,
        /// `AADSTS70002: Error validating credentials.` in front.
        #[serde(default)]
        stacked: bool,
    },
}

fn invalid_grant() -> String {
    "invalid_grant".to_owned()
}

impl FaultKind {
    /// Whether the call is done as usual and only its answer suffers.
    pub fn spoils_answer(&self) -> bool {
        !matches!(
            self,
            Self::Throttled { .. } | Self::Outage { .. } | Self::Error { .. }
        )
    }
}

impl std::fmt::Display for FaultKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Throttled { retry_after } => write!(f, "throttled, Retry-After {retry_after}"),
            Self::Outage { status } => write!(f, "outage, {status}"),
            Self::Slow { milliseconds } => write!(f, "slow by {milliseconds} ms"),
            Self::Truncated => f.write_str("answer cut in the middle"),
            Self::WrongJson => f.write_str("answer of another shape"),
            Self::Html => f.write_str("HTML instead of JSON"),
            Self::Empty => f.write_str("empty answer"),
            Self::NoRefreshToken => f.write_str("no new refresh token"),
            Self::Error { code, error, .. } => write!(f, "{error} with AADSTS{code}"),
        }
    }
}

/// A fault to be added.
#[derive(Clone, Debug, Deserialize)]
pub struct NewFault {
    /// GUID or domain.
    #[serde(default)]
    pub tenant: Option<String>,
    #[serde(default)]
    pub area: Area,
    #[serde(default)]
    pub grant: Option<String>,
    #[serde(flatten)]
    pub kind: FaultKind,
    /// Number of calls; absent with `seconds` absent: one call.
    #[serde(default)]
    pub count: Option<u32>,
    #[serde(default)]
    pub seconds: Option<i64>,
}

impl NewFault {
    /// `kind` on the next `count` token calls for `tenant` (GUID or domain; `None`: for everybody).
    pub fn on_tokens(tenant: Option<&str>, kind: FaultKind, count: u32) -> Self {
        Self {
            tenant: tenant.map(str::to_owned),
            area: Area::Token,
            grant: None,
            kind,
            count: Some(count),
            seconds: None,
        }
    }
}

impl State {
    /// The fault that meets this call, used up by one.
    pub fn take_fault(
        &mut self,
        area: Area,
        tenant: Option<Uuid>,
        grant: Option<&str>,
        now: OffsetDateTime,
    ) -> Option<FaultKind> {
        self.faults
            .retain(|f| f.remaining != Some(0) && f.until.is_none_or(|until| now < until));
        let fault = self.faults.iter_mut().find(|f| {
            (f.area == area || f.area == Area::Any)
                && (f.tenant.is_none() || f.tenant == tenant)
                && (f.grant.is_none() || f.grant.as_deref() == grant)
        })?;
        if let Some(remaining) = &mut fault.remaining {
            *remaining -= 1;
        }
        Some(fault.kind.clone())
    }
}
