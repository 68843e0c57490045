//! The list of recorded errors, newest first, with links to the pages on either side.

use axum::http::StatusCode;
use time::OffsetDateTime;

use super::Filters;
use crate::domain::msal_error::{Page, Row};
use crate::domain::tenant::Resource;
use crate::web::kit::paging::with_query;
use crate::web::kit::paths::{self, TenantPaths};
use crate::web::kit::when::When;

/// One line of the list.
#[derive(Clone, Debug)]
pub struct ErrorLine {
    pub id: i64,
    pub href: String,
    pub at: When,
    pub short_name: String,
    pub full_name: String,
    pub tenant_href: String,
    /// The resource's name; empty when the call was for none.
    pub resource: String,
    pub operation: String,
    /// Empty when the answer had none.
    pub code: String,
    pub cause: &'static str,
    pub message: String,
    pub correlation_id: String,
}

/// The list with its form.
#[derive(Clone, Debug)]
pub struct ListView {
    /// Where the form goes.
    pub action: String,
    pub filters: Filters,
    /// Whether the lines name their tenant: not in the Customer portal.
    pub of_all: bool,
    pub lines: Vec<ErrorLine>,
    /// Addresses of the neighbouring pages; empty when there is nothing.
    pub newer: String,
    pub older: String,
}

impl ErrorLine {
    /// A line that leads to the entry in the console or in the Customer portal.
    pub fn of(row: &Row, of_all: bool, now: OffsetDateTime) -> Self {
        Self {
            id: row.id.0,
            href: if of_all {
                paths::msal_error(row.id)
            } else {
                TenantPaths(&row.short_name).msal_error(row.id)
            },
            at: When::new(row.at, now),
            short_name: row.short_name.clone(),
            full_name: row.full_name.clone(),
            tenant_href: TenantPaths(&row.short_name).overview(),
            resource: resource_name(&row.resource),
            operation: operation(&row.operation),
            code: row.code.map(|code| code.to_string()).unwrap_or_default(),
            cause: row.cause.label(),
            message: row.message.clone(),
            correlation_id: row.correlation_id.clone(),
        }
    }
}

impl ListView {
    /// 422 when a filter makes no sense.
    pub fn status(&self) -> StatusCode {
        if self.filters.is_wrong() {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::OK
        }
    }

    pub fn of(
        action: String,
        filters: Filters,
        page: &Page,
        of_all: bool,
        now: OffsetDateTime,
    ) -> Self {
        let lines: Vec<_> = page
            .rows
            .iter()
            .map(|row| ErrorLine::of(row, of_all, now))
            .collect();
        let link = |there: bool, name: &'static str, line: Option<&ErrorLine>| match line {
            Some(line) if there => {
                with_query(&action, &filters.pairs(), &[(name, &line.id.to_string())])
            }
            _ => String::new(),
        };
        Self {
            newer: link(page.newer, "newer_than", lines.first()),
            older: link(page.older, "older_than", lines.last()),
            action,
            filters,
            of_all,
            lines,
        }
    }
}

/// The resource's name for people; a word that is none is shown as it is.
pub fn resource_name(word: &str) -> String {
    word.parse::<Resource>()
        .map_or_else(|_| word.to_owned(), |resource| resource.name().to_owned())
}

/// `device_code` as "device code".
pub fn operation(word: &str) -> String {
    word.replace('_', " ")
}
