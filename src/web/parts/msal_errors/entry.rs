//! One recorded error, whole: what Microsoft said, what it means, and what happened around it.

use time::OffsetDateTime;

use super::ErrorLine;
use super::list::{operation, resource_name};
use crate::domain::diagnosis::{Diagnosis, entry};
use crate::domain::msal_error::{MsalError, Row};
use crate::web::kit::paths::TenantPaths;
use crate::web::kit::when::When;
use crate::web::parts::diagnosis::DiagnosisView;
use crate::web::parts::invitations::From;

/// One entry, ready for the page.
#[derive(Clone, Debug)]
pub struct EntryView {
    pub id: i64,
    pub at: When,
    pub short_name: String,
    pub full_name: String,
    pub tenant_href: String,
    /// The settings page, at the line of the token that failed.
    pub token_href: String,
    pub resource: String,
    pub operation: String,
    /// `AADSTS50173`; empty when the answer had none.
    pub code: String,
    /// Microsoft's name of the number; empty when not known.
    pub code_name: String,
    pub other_codes: String,
    pub http_status: String,
    pub error: String,
    pub suberror: String,
    pub class: String,
    pub message: String,
    pub raw: String,
    pub trace_id: String,
    pub correlation_id: String,
    pub answered_at: String,
    pub diagnosis: DiagnosisView,
    /// Errors of the same tenant just before and after.
    pub neighbours: Vec<ErrorLine>,
}

impl EntryView {
    pub fn of(
        error: &MsalError,
        diagnosis: &Diagnosis,
        neighbours: &[Row],
        of_all: bool,
        now: OffsetDateTime,
    ) -> Self {
        let row = &error.row;
        let others: Vec<String> = error
            .codes
            .iter()
            .filter(|code| Some(**code) != row.code)
            .map(ToString::to_string)
            .collect();
        Self {
            id: row.id.0,
            at: When::new(row.at, now),
            short_name: row.short_name.clone(),
            full_name: row.full_name.clone(),
            tenant_href: TenantPaths(&row.short_name).overview(),
            token_href: format!(
                "{}#token-{}",
                TenantPaths(&row.short_name).m365(),
                row.resource
            ),
            resource: resource_name(&row.resource),
            operation: operation(&row.operation),
            code: row.code.map(|c| format!("AADSTS{c}")).unwrap_or_default(),
            code_name: code_name(row.code),
            other_codes: others.join(", "),
            http_status: error
                .http_status
                .map_or_else(|| "no answer".to_owned(), |status| status.to_string()),
            error: error.error.clone(),
            suberror: error.suberror.clone(),
            class: operation(&error.class),
            message: row.message.clone(),
            raw: error.shown_raw(),
            trace_id: error.trace_id.clone(),
            correlation_id: row.correlation_id.clone(),
            answered_at: error.answered_at.clone(),
            diagnosis: DiagnosisView::of(diagnosis, &row.short_name, From::Overview),
            neighbours: neighbours
                .iter()
                .map(|row| ErrorLine::of(row, of_all, now))
                .collect(),
        }
    }
}

fn code_name(code: Option<i32>) -> String {
    code.and_then(|code| u32::try_from(code).ok())
        .and_then(entry)
        .map(|row| row.name.clone())
        .unwrap_or_default()
}
