//! One recorded error, whole: what Microsoft said, what it means, and what happened around it.

use time::OffsetDateTime;

use super::list::{operation, resource_name};
use super::{ALIKE, Around, ErrorLine, Moments, NEIGHBOURS};
use crate::domain::diagnosis::{Diagnosis, entry};
use crate::domain::msal_error::{Alike, Fold, MsalError, Row};
use crate::web::kit::paging::with_query;
use crate::web::kit::paths::{self, TenantPaths};
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
    /// The same, with those further away, on a line of time.
    pub moments: Moments,
    /// How often this tenant had it, and since when; none when it was this once.
    pub repeated: Option<Repeated>,
    /// Other tenants with the same cause and number; the console alone shows them.
    pub alike: Vec<AlikeLine>,
    /// There are more of them than are shown.
    pub more_alike: bool,
    /// Every error of this cause and number.
    pub alike_href: String,
}

/// This tenant's equal errors.
#[derive(Clone, Debug)]
pub struct Repeated {
    pub errors: i64,
    pub first: When,
    pub last: When,
    pub href: String,
}

/// Another tenant with the same error.
#[derive(Clone, Debug)]
pub struct AlikeLine {
    pub short_name: String,
    pub full_name: String,
    pub tenant_href: String,
    pub resource: String,
    pub errors: i64,
    pub last: When,
    pub last_id: i64,
    pub last_href: String,
}

impl AlikeLine {
    fn of(alike: &Alike, now: OffsetDateTime) -> Self {
        Self {
            short_name: alike.short_name.clone(),
            full_name: alike.full_name.clone(),
            tenant_href: TenantPaths(&alike.short_name).overview(),
            resource: resource_name(&alike.resource),
            errors: alike.errors,
            last: When::new(alike.last_at, now),
            last_id: alike.last_id.0,
            last_href: paths::msal_error(alike.last_id),
        }
    }
}

impl EntryView {
    pub(super) fn of(
        error: &MsalError,
        diagnosis: &Diagnosis,
        around: &Around,
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
            neighbours: nearest(error, &around.neighbours)
                .map(|row| ErrorLine::of(row, of_all, now))
                .collect(),
            moments: Moments::of(row, &around.neighbours, of_all),
            repeated: around
                .fold
                .as_ref()
                .filter(|fold| fold.errors > 1)
                .map(|fold| repeated(fold, of_all, now)),
            alike: around
                .alike
                .iter()
                .take(usize::try_from(ALIKE).unwrap_or(usize::MAX))
                .map(|alike| AlikeLine::of(alike, now))
                .collect(),
            more_alike: i64::try_from(around.alike.len()).is_ok_and(|n| n > ALIKE),
            alike_href: with_query(
                paths::MSAL_ERRORS,
                &[
                    ("cause", row.cause.as_str()),
                    ("code", &row.code.map(|c| c.to_string()).unwrap_or_default()),
                    ("fold", "equal"),
                ],
                &[],
            ),
        }
    }
}

/// The few nearest on each side.
fn nearest<'a>(error: &MsalError, all: &'a [Row]) -> impl Iterator<Item = &'a Row> {
    let newer = all.iter().filter(|row| row.id.0 > error.row.id.0).count();
    all.iter()
        .skip(newer.saturating_sub(NEIGHBOURS))
        .take(newer.min(NEIGHBOURS) + NEIGHBOURS)
}

fn repeated(fold: &Fold, of_all: bool, now: OffsetDateTime) -> Repeated {
    let name = fold.last.short_name.as_str();
    let (list, tenant) = if of_all {
        (paths::MSAL_ERRORS.to_owned(), name)
    } else {
        (TenantPaths(name).msal_errors(), "")
    };
    let filters = [
        ("tenant", tenant),
        ("cause", fold.last.cause.as_str()),
        ("resource", fold.last.resource.as_str()),
    ];
    Repeated {
        errors: fold.errors,
        first: When::new(fold.first_at, now),
        last: When::new(fold.last.at, now),
        href: with_query(&list, &filters, &[]),
    }
}

fn code_name(code: Option<i32>) -> String {
    code.and_then(|code| u32::try_from(code).ok())
        .and_then(entry)
        .map(|row| row.name.clone())
        .unwrap_or_default()
}
