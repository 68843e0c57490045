//! One tenant's row: ready for the template, and as data for a page that is open.

use serde::Serialize;
use time::OffsetDateTime;

use crate::domain::connection::{Row, ShownState};
use crate::storage::TenantId;
use crate::web::kit::paging::with_query;
use crate::web::kit::paths::{self, TenantPaths};
use crate::web::kit::when::When;
use crate::web::parts::diagnosis::renew;
use crate::web::parts::invitations::From;
use crate::web::parts::standing::StateView;

/// One tenant.
#[derive(Clone, Debug)]
pub struct RowView {
    pub id: TenantId,
    pub short_name: String,
    pub full_name: String,
    pub mode: &'static str,
    pub admin: String,
    pub state: StateView,
    pub since: When,
    pub tokens: String,
    /// A connection is there and lacks tokens.
    pub tokens_short: bool,
    pub expires: Option<When>,
    pub last_ok: Option<When>,
    /// Number and address of the newest error; both empty when there is none.
    pub error: String,
    pub error_href: String,
    /// With the list of whoever has it.
    pub tags: Vec<(String, String)>,
    pub sysadmin_href: String,
    /// Empty when renewing does not help.
    pub renew_href: String,
}

impl RowView {
    pub fn of(row: &Row, now: OffsetDateTime) -> Self {
        let error = row.last_error.as_ref();
        Self {
            id: row.tenant_id,
            short_name: row.short_name.clone(),
            full_name: row.full_name.clone(),
            mode: row.connection.map_or("None", |(_, mode)| mode.label()),
            admin: row.admin.clone(),
            state: StateView::of(row),
            since: When::new(row.since, now),
            tokens: format!("{} of {}", row.tokens_valid, row.tokens_total),
            tokens_short: row.connection.is_some() && row.tokens_valid < row.tokens_total,
            expires: row
                .expires
                .filter(|_| row.state != ShownState::Expired)
                .map(|(at, _)| When::new(at, now)),
            last_ok: row.last_ok_at.map(|at| When::new(at, now)),
            error: error
                .map(|error| {
                    error
                        .code
                        .map_or_else(|| "no code".to_owned(), |c| c.to_string())
                })
                .unwrap_or_default(),
            error_href: error
                .map(|error| paths::msal_error(error.id))
                .unwrap_or_default(),
            tags: row
                .tags
                .iter()
                .map(|tag| {
                    let pair = ("tag", tag.as_str());
                    (
                        tag.clone(),
                        with_query(paths::AUTHENTICATION_STATUS, &[pair], &[]),
                    )
                })
                .collect(),
            sysadmin_href: TenantPaths(&row.short_name).overview(),
            renew_href: if row.renewable() {
                renew(&row.short_name, From::Status)
            } else {
                String::new()
            },
        }
    }
}

/// What an open page is told of a row that changed: what its cells show. Links and names are on the page already.
#[derive(Debug, Serialize)]
pub struct RowNews {
    id: String,
    class: &'static str,
    label: &'static str,
    /// The lines below the badge.
    lines: Vec<String>,
    since: Told,
    tokens: String,
    short: bool,
    expires: Option<Told>,
    last_ok: Option<Told>,
    error: String,
    error_href: String,
    admin: String,
    mode: &'static str,
}

/// An instant as `<time>` shows it.
#[derive(Debug, Serialize)]
struct Told {
    machine: String,
    exact: String,
    distance: String,
}

impl std::convert::From<When> for Told {
    fn from(when: When) -> Self {
        Self {
            machine: when.machine,
            exact: when.exact,
            distance: when.distance,
        }
    }
}

impl RowNews {
    pub fn of(row: &Row, now: OffsetDateTime) -> Self {
        let view = RowView::of(row, now);
        Self {
            lines: view.state.lines(),
            id: view.id.to_string(),
            class: view.state.class,
            label: view.state.label,
            since: view.since.into(),
            tokens: view.tokens,
            short: view.tokens_short,
            expires: view.expires.map(Told::from),
            last_ok: view.last_ok.map(Told::from),
            error: view.error,
            error_href: view.error_href,
            admin: view.admin,
            mode: view.mode,
        }
    }
}
