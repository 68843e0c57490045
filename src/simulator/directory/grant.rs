//! Consent as a tenant keeps it: delegated grants, application roles, and requests waiting for a reviewer.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::resource::Resource;

/// A delegated grant (`oauth2PermissionGrant`).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Grant {
    pub id: Uuid,
    pub client: Uuid,
    pub resource: Resource,
    /// The user it is for; absent: the whole organisation (`AllPrincipals`).
    pub principal: Option<Uuid>,
    pub scopes: BTreeSet<String>,
}

/// An application permission (`appRoleAssignment`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppRole {
    pub client: Uuid,
    pub resource: Resource,
    pub role: String,
}

/// A user's request that an administrator approve an application.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApprovalRequest {
    pub id: Uuid,
    pub client: Uuid,
    pub requested_by: Uuid,
    pub reason: String,
    pub wanted: Vec<Wanted>,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    pub state: ApprovalState,
}

/// Where an approval request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    Waiting,
    Approved,
    Denied,
}

/// Permissions on one resource that consent is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    pub resource: Resource,
    pub delegated: BTreeSet<String>,
    pub application: BTreeSet<String>,
}

impl From<&super::RequiredAccess> for Wanted {
    fn from(required: &super::RequiredAccess) -> Self {
        Self {
            resource: required.resource,
            delegated: required.delegated.clone(),
            application: required.application.clone(),
        }
    }
}
