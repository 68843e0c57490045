//! What was done to disconnect a tenant, when, and what Microsoft said to it.

use serde::Deserialize;
use time::OffsetDateTime;
use uuid::Uuid;

use super::store;
use crate::domain::op::{Op, Scope};
use crate::storage::{MsalErrorId, TenantId};

/// The steps that follow the stop of hand-out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Revoke,
    Prove,
    Forget,
    Destroy,
    Done,
}

impl Step {
    /// In their order.
    pub const ALL: [Self; 5] = [
        Self::Revoke,
        Self::Prove,
        Self::Forget,
        Self::Destroy,
        Self::Done,
    ];

    /// As stored.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Revoke => "revoke",
            Self::Prove => "prove",
            Self::Forget => "forget",
            Self::Destroy => "destroy",
            Self::Done => "done",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.word() == word)
    }
}

/// How far our permission was taken back at Microsoft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// Our enterprise application is gone, and every consent with it.
    Removed,
    /// Every consent is gone; the enterprise application remains without any.
    PermissionsRemoved,
    Partly,
    /// Microsoft does not allow us to.
    Denied,
    /// Refused for another reason.
    Failed,
    Unreachable,
    /// We had no token with which it could be asked for.
    NoToken,
    /// An application of the customer's own, which is theirs to remove.
    OwnApplication,
    /// There was no connection.
    Nothing,
}

/// What the last request proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    Gone,
    Refused,
    Stands,
    Unreachable,
    NoToken,
    Nothing,
}

impl Proof {
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "gone" => Self::Gone,
            "refused" => Self::Refused,
            "stands" => Self::Stands,
            "unreachable" => Self::Unreachable,
            "no_token" => Self::NoToken,
            "nothing" => Self::Nothing,
            _ => return None,
        })
    }

    /// Nothing of ours is left at Microsoft that could be used.
    pub const fn is_proven(self) -> bool {
        matches!(self, Self::Gone | Self::Nothing)
    }
}

impl Revocation {
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "removed" => Self::Removed,
            "permissions_removed" => Self::PermissionsRemoved,
            "partly" => Self::Partly,
            "denied" => Self::Denied,
            "failed" => Self::Failed,
            "unreachable" => Self::Unreachable,
            "no_token" => Self::NoToken,
            "own_application" => Self::OwnApplication,
            "nothing" => Self::Nothing,
            _ => return None,
        })
    }
}

/// What became of one kind of thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Tally {
    pub removed: u32,
    pub denied: u32,
    pub failed: u32,
    /// HTTP status, Graph's code and recorded error of the last refusal.
    pub status: Option<u16>,
    pub code: Option<String>,
    pub error_id: Option<MsalErrorId>,
}

/// One resource's answer to the last request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceProof {
    /// `graph`, `exchange`, …
    pub resource: String,
    /// Asked as the application itself, in nobody's name.
    pub as_application: bool,
    pub proof: Proof,
    /// The AADSTS number of the refusal.
    pub code: Option<u32>,
    pub error_id: Option<MsalErrorId>,
}

/// A step with its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepDone {
    Revoked {
        outcome: Revocation,
        grants: Tally,
        roles: Tally,
        application: Tally,
    },
    Proven {
        outcome: Proof,
        resources: Vec<ResourceProof>,
    },
    Forgotten {
        refresh_tokens: u32,
        access_tokens: u32,
        credentials: u32,
    },
    Destroyed {
        data_keys: u32,
    },
}

/// The application that was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    pub client_id: Uuid,
    pub entra_tenant_id: Uuid,
    /// A registration of the customer's own.
    pub is_own: bool,
}

/// One disconnection of a tenant.
#[derive(Clone, Debug)]
pub struct Disconnection {
    pub id: Uuid,
    /// A part of "Disconnect all customers".
    pub is_plug: bool,
    pub delete_everything: bool,
    /// What is to be done next.
    pub step: Step,
    pub asked_by: String,
    /// When hand-out stopped.
    pub started_at: OffsetDateTime,
    pub ended_at: Option<OffsetDateTime>,
    /// When a keeper looks again, while Microsoft is waited for.
    pub next_at: Option<OffsetDateTime>,
    pub attempts: i32,
    /// None when there was no connection.
    pub application: Option<Application>,
    pub done: Vec<(OffsetDateTime, StepDone)>,
}

impl Disconnection {
    /// What was proven, once it was tried.
    pub fn proof(&self) -> Option<Proof> {
        self.done.iter().find_map(|(_, done)| match done {
            StepDone::Proven { outcome, .. } => Some(*outcome),
            _ => None,
        })
    }

    pub fn revocation(&self) -> Option<Revocation> {
        self.done.iter().find_map(|(_, done)| match done {
            StepDone::Revoked { outcome, .. } => Some(*outcome),
            _ => None,
        })
    }

    pub const fn is_running(&self) -> bool {
        self.ended_at.is_none()
    }
}

/// The tenant's latest disconnection.
pub async fn of_tenant(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Option<Disconnection>, sqlx::Error> {
    store::report::latest(op, scope, tenant).await
}
