//! One call to Microsoft, as a line of a table.

use time::OffsetDateTime;

use super::msal_errors::{operation, resource_name};
use crate::domain::history::Call;
use crate::web::kit::paths::TenantPaths;
use crate::web::kit::when::When;

/// One call to Microsoft.
#[derive(Clone, Debug)]
pub struct CallView {
    pub at: When,
    pub operation: String,
    pub resource: String,
    pub status: String,
    pub ok: bool,
    pub outcome: String,
    pub duration_ms: i32,
    pub correlation_id: String,
    /// Empty when Microsoft gave none.
    pub trace_id: String,
    /// Empty when there is no recorded error.
    pub error_href: String,
}

impl CallView {
    pub fn of(call: &Call, paths: TenantPaths<'_>, now: OffsetDateTime) -> Self {
        Self {
            at: When::new(call.place.at, now),
            operation: operation(&call.operation),
            resource: resource_name(&call.resource),
            status: call
                .http_status
                .map_or_else(|| "no answer".to_owned(), |status| status.to_string()),
            ok: call.outcome == "ok",
            outcome: operation(&call.outcome),
            duration_ms: call.duration_ms,
            correlation_id: call.correlation_id.to_string(),
            trace_id: call.trace_id.clone(),
            error_href: call
                .error_id
                .map(|id| paths.msal_error(id))
                .unwrap_or_default(),
        }
    }
}
