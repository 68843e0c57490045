//! What every call to Microsoft gives back: the record for `entra_calls` beside the outcome. No decision is made here.

use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use super::Failure;

/// One call: what to record about it, and how it ended.
#[derive(Debug)]
#[must_use = "the call belongs into entra_calls, the failure into msal_errors"]
pub struct Exchange<T> {
    pub call: CallRecord,
    /// Boxed, since a failure keeps the whole answer.
    pub outcome: Result<T, Box<Failure>>,
}

impl<T> Exchange<T> {
    /// The same call with its answer converted.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Exchange<U> {
        Exchange {
            call: self.call,
            outcome: self.outcome.map(convert),
        }
    }
}

/// The facts of one HTTP call that are kept for 30 days; no secret, no name of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    pub operation: Operation,
    /// Business clock, UTC.
    pub started_at: OffsetDateTime,
    /// Monotonic time from before the connection to the end of the body.
    pub duration: Duration,
    /// Empty when no status line arrived.
    pub http_status: Option<u16>,
    /// The `client-request-id` that we sent; Microsoft support finds the call by it.
    pub correlation_id: Uuid,
    /// Response header `x-ms-request-id` (Graph: `request-id`), for Entra equal to the error body's `trace_id`.
    pub trace_id: Option<String>,
    /// Response header `x-ms-ests-server`: region and version of the server that answered.
    pub ests_server: Option<String>,
}

impl CallRecord {
    /// The record of a call that failed before anything was sent.
    pub(super) fn unsent(operation: Operation, at: OffsetDateTime) -> Self {
        Self {
            operation,
            started_at: at,
            duration: Duration::ZERO,
            http_status: None,
            correlation_id: crate::clock::random_uuid(),
            trace_id: None,
            ests_server: None,
        }
    }
}

/// What was asked of Microsoft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    DeviceCode,
    DevicePoll,
    Refresh,
    ClientCredentials,
    CodeExchange,
    Metadata,
    Jwks,
    UserRealm,
    GraphOrganization,
    GraphMe,
    GraphDirectoryRoles,
    GraphPermissionGrants,
    GraphAppRoles,
    GraphServicePrincipal,
    GraphUserDates,
    GraphDeletePermissionGrant,
    GraphDeleteAppRole,
    GraphDeleteServicePrincipal,
    GraphRiskyUser,
    GraphPolicies,
    GraphLifetimePolicies,
}

impl Operation {
    /// Every operation, for checks and filters.
    pub const ALL: [Self; 21] = [
        Self::DeviceCode,
        Self::DevicePoll,
        Self::Refresh,
        Self::ClientCredentials,
        Self::CodeExchange,
        Self::Metadata,
        Self::Jwks,
        Self::UserRealm,
        Self::GraphOrganization,
        Self::GraphMe,
        Self::GraphDirectoryRoles,
        Self::GraphPermissionGrants,
        Self::GraphAppRoles,
        Self::GraphServicePrincipal,
        Self::GraphUserDates,
        Self::GraphDeletePermissionGrant,
        Self::GraphDeleteAppRole,
        Self::GraphDeleteServicePrincipal,
        Self::GraphRiskyUser,
        Self::GraphPolicies,
        Self::GraphLifetimePolicies,
    ];

    /// The stable name, as stored and as a metric label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DeviceCode => "device_code",
            Self::DevicePoll => "device_poll",
            Self::Refresh => "refresh",
            Self::ClientCredentials => "client_credentials",
            Self::CodeExchange => "code_exchange",
            Self::Metadata => "metadata",
            Self::Jwks => "jwks",
            Self::UserRealm => "user_realm",
            Self::GraphOrganization => "graph_organization",
            Self::GraphMe => "graph_me",
            Self::GraphDirectoryRoles => "graph_directory_roles",
            Self::GraphPermissionGrants => "graph_permission_grants",
            Self::GraphAppRoles => "graph_app_roles",
            Self::GraphServicePrincipal => "graph_service_principal",
            Self::GraphUserDates => "graph_user_dates",
            Self::GraphDeletePermissionGrant => "graph_delete_permission_grant",
            Self::GraphDeleteAppRole => "graph_delete_app_role",
            Self::GraphDeleteServicePrincipal => "graph_delete_service_principal",
            Self::GraphRiskyUser => "graph_risky_user",
            Self::GraphPolicies => "graph_policies",
            Self::GraphLifetimePolicies => "graph_lifetime_policies",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let names: HashSet<_> = Operation::ALL.map(Operation::as_str).into();
        assert_eq!(names.len(), Operation::ALL.len());
    }
}
