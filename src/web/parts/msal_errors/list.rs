//! The list of recorded errors, newest first, with links to the pages on either side.

use axum::http::StatusCode;
use time::OffsetDateTime;

use super::Filters;
use crate::domain::msal_error::{Fold, FoldPage, Page, Row};
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
    /// Equal errors as one each; used instead of `lines` when the filters ask for it.
    pub folds: Vec<FoldLine>,
    /// The same list with each error by itself, and with equal ones folded.
    pub each_href: String,
    pub folded_href: String,
    /// The same list whole, as files.
    pub csv_href: String,
    pub jsonl_href: String,
    /// Addresses of the neighbouring pages; empty when there is nothing.
    pub newer: String,
    pub older: String,
}

/// Equal errors in one line: the last of them, how many, since when.
#[derive(Clone, Debug)]
pub struct FoldLine {
    pub last: ErrorLine,
    pub errors: i64,
    pub first: When,
    /// Every number that stood for it.
    pub codes: String,
    /// The list of these errors one by one.
    pub each_href: String,
}

impl FoldLine {
    fn of(fold: &Fold, action: &str, of_all: bool, now: OffsetDateTime) -> Self {
        let tenant = if of_all {
            fold.last.short_name.as_str()
        } else {
            ""
        };
        let codes: Vec<String> = fold.codes.iter().map(ToString::to_string).collect();
        Self {
            last: ErrorLine::of(&fold.last, of_all, now),
            errors: fold.errors,
            first: When::new(fold.first_at, now),
            codes: codes.join(", "),
            each_href: with_query(
                action,
                &[
                    ("tenant", tenant),
                    ("cause", fold.last.cause.as_str()),
                    ("resource", &fold.last.resource),
                ],
                &[],
            ),
        }
    }
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
        listed: &Listed,
        of_all: bool,
        now: OffsetDateTime,
    ) -> Self {
        let (lines, folds, newer, older) = match listed {
            Listed::Each(page) => {
                let lines = page.rows.iter();
                let lines: Vec<_> = lines.map(|row| ErrorLine::of(row, of_all, now)).collect();
                (lines, Vec::new(), page.newer, page.older)
            }
            Listed::Folded(page) => {
                let folds = page.folds.iter();
                let fold = |fold| FoldLine::of(fold, &action, of_all, now);
                (
                    Vec::new(),
                    folds.map(fold).collect(),
                    page.newer,
                    page.older,
                )
            }
        };
        let ids = || {
            let folded = folds.iter().map(|fold| fold.last.id);
            lines.iter().map(|line| line.id).chain(folded)
        };
        let link = |there: bool, name: &'static str, id: Option<i64>| match id {
            Some(id) if there => with_query(&action, &filters.pairs(), &[(name, &id.to_string())]),
            _ => String::new(),
        };
        let pairs = filters.pairs();
        let unfolded: Vec<_> = pairs
            .iter()
            .copied()
            .filter(|(name, _)| *name != "fold")
            .collect();
        let file = |ending| with_query(&format!("{action}/export.{ending}"), &unfolded, &[]);
        Self {
            newer: link(newer, "newer_than", ids().next()),
            older: link(older, "older_than", ids().last()),
            each_href: with_query(&action, &unfolded, &[]),
            folded_href: with_query(&action, &unfolded, &[("fold", "equal")]),
            csv_href: file("csv"),
            jsonl_href: file("jsonl"),
            action,
            filters,
            of_all,
            lines,
            folds,
        }
    }

    /// Whether nothing is listed.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.folds.is_empty()
    }
}

/// What was read for the list.
pub enum Listed {
    Each(Page),
    Folded(FoldPage),
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
