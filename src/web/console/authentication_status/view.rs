//! The list, ready for the template: counts as links, columns with their order, rows, neighbouring pages.

use time::OffsetDateTime;

use super::query::{Asked, Change};
use crate::domain::connection::{Column, ModeFilter, Overview, Row, ShownState, Sort};
use crate::domain::diagnosis::Category;
use crate::web::kit::paging::Pager;
use crate::web::kit::paths::{self, TenantPaths};
use crate::web::kit::when::When;
use crate::web::parts::diagnosis::renew;
use crate::web::parts::invitations::From;
use crate::web::parts::standing::{StateView, badge};

/// Everything on the page below its heading.
#[derive(Clone, Debug)]
pub struct ListView {
    pub action: &'static str,
    pub search: String,
    pub counts: Vec<CountView>,
    /// All states together, under the other filters.
    pub all: CountView,
    pub causes: Vec<Choice>,
    pub modes: Vec<Choice>,
    pub tags: Vec<Choice>,
    /// What the form must carry along: the state chosen on the bar, and the order.
    pub hidden: Vec<(&'static str, String)>,
    pub heads: Vec<HeadView>,
    pub rows: Vec<RowView>,
    pub pager: Pager,
    /// No tenant at all under the filter, on whichever page.
    pub none: bool,
    pub filtered: bool,
    pub clear: String,
    pub add_tenant: &'static str,
}

/// One state with its number of tenants, and its piece of the bar.
#[derive(Clone, Debug)]
pub struct CountView {
    pub class: &'static str,
    pub label: &'static str,
    pub count: i64,
    /// Where a click leads: this state alone, or all again when it is chosen already.
    pub href: String,
    pub chosen: bool,
    /// Place and width on a bar that is 1000 wide.
    pub x: i64,
    pub width: i64,
}

/// An option of a select.
#[derive(Clone, Debug)]
pub struct Choice {
    pub value: String,
    pub label: String,
    pub chosen: bool,
}

/// A heading; a cell that holds two facts can be ordered by either.
#[derive(Clone, Debug)]
pub struct HeadView {
    pub links: Vec<SortLink>,
    /// For `aria-sort`: `ascending`, `descending` or `none`.
    pub order: &'static str,
}

/// A click that orders the list.
#[derive(Clone, Debug)]
pub struct SortLink {
    pub label: &'static str,
    pub href: String,
    /// `▲` or `▼` when the list is ordered by this; empty otherwise.
    pub arrow: &'static str,
}

/// Which facts share a cell.
const HEADS: [&[Column]; 7] = [
    &[Column::ShortName, Column::FullName],
    &[Column::Admin, Column::Mode],
    &[Column::State, Column::Cause],
    &[Column::Since],
    &[Column::Tokens],
    &[Column::NextExpiry],
    &[Column::LastSuccess, Column::LastError],
];

/// One tenant.
#[derive(Clone, Debug)]
pub struct RowView {
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
    pub sysadmin_href: String,
    /// Empty when renewing does not help.
    pub renew_href: String,
}

impl ListView {
    pub fn of(
        asked: &Asked,
        overview: &Overview,
        causes: &[Category],
        tags: &[String],
        now: OffsetDateTime,
    ) -> Self {
        let sum: i64 = overview.counts.values().sum();
        let filter = &asked.filter;
        Self {
            action: paths::AUTHENTICATION_STATUS,
            search: filter.search.clone(),
            counts: counts(asked, overview, sum),
            all: CountView {
                class: "all",
                label: "All",
                count: sum,
                href: asked.with(&Change::State(None)),
                chosen: filter.state.is_none(),
                x: 0,
                width: 1000,
            },
            causes: choices(
                // The one asked for stays a choice when nobody has it any more.
                causes
                    .iter()
                    .chain(filter.cause.iter().filter(|cause| !causes.contains(cause)))
                    .map(|c| (c.as_str(), c.label())),
                filter.cause.map_or("", Category::as_str),
            ),
            modes: choices(
                ModeFilter::ALL.iter().map(|m| (m.as_str(), m.label())),
                filter.mode.map_or("", ModeFilter::as_str),
            ),
            tags: choices(
                tags.iter().map(|tag| (tag.as_str(), tag.as_str())),
                filter.tag.as_deref().unwrap_or_default(),
            ),
            hidden: hidden(asked),
            heads: heads(asked),
            rows: overview
                .rows
                .iter()
                .map(|row| RowView::of(row, now))
                .collect(),
            pager: Pager::new(
                paths::AUTHENTICATION_STATUS,
                &asked.pairs(),
                asked.paging,
                overview.total,
            ),
            none: overview.total == 0,
            filtered: asked.filtered(),
            clear: asked.with(&Change::Clear),
            add_tenant: paths::NEW_TENANT,
        }
    }
}

impl RowView {
    fn of(row: &Row, now: OffsetDateTime) -> Self {
        let error = row.last_error.as_ref();
        Self {
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
            sysadmin_href: TenantPaths(&row.short_name).overview(),
            renew_href: if row.renewable() {
                renew(&row.short_name, From::Status)
            } else {
                String::new()
            },
        }
    }
}

/// Every state, the most urgent first, laid out on the bar without gaps.
fn counts(asked: &Asked, overview: &Overview, sum: i64) -> Vec<CountView> {
    let mut x = 0;
    let mut before = 0;
    ShownState::ALL
        .into_iter()
        .map(|state| {
            let count = overview.counts.get(&state).copied().unwrap_or(0);
            let chosen = asked.filter.state == Some(state);
            before += count;
            // From the running sum, so that rounding leaves no gap at the end.
            let end = (before * 1000).checked_div(sum).unwrap_or(0);
            let view = CountView {
                class: badge(state),
                label: state.label(),
                count,
                href: asked.with(&Change::State((!chosen).then_some(state))),
                chosen,
                x,
                width: end - x,
            };
            x = end;
            view
        })
        .collect()
}

fn choices<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>, chosen: &str) -> Vec<Choice> {
    pairs
        .map(|(value, label)| Choice {
            value: value.to_owned(),
            label: label.to_owned(),
            chosen: value == chosen,
        })
        .collect()
}

fn hidden(asked: &Asked) -> Vec<(&'static str, String)> {
    asked
        .pairs()
        .into_iter()
        .filter(|(name, value)| matches!(*name, "state" | "sort" | "dir") && !value.is_empty())
        .map(|(name, value)| (name, value.to_owned()))
        .collect()
}

fn heads(asked: &Asked) -> Vec<HeadView> {
    let sort = asked.sort;
    let link = |column: Column| {
        let current = sort.column == column;
        SortLink {
            label: label(column),
            // A second click turns the order round.
            href: asked.with(&Change::Sort(Sort {
                column,
                descending: current && !sort.descending,
            })),
            arrow: match (current, sort.descending) {
                (false, _) => "",
                (true, false) => "▲",
                (true, true) => "▼",
            },
        }
    };
    HEADS
        .iter()
        .map(|columns| HeadView {
            links: columns.iter().copied().map(link).collect(),
            order: match (columns.contains(&sort.column), sort.descending) {
                (false, _) => "none",
                (true, false) => "ascending",
                (true, true) => "descending",
            },
        })
        .collect()
}

const fn label(column: Column) -> &'static str {
    match column {
        Column::ShortName => "Short name",
        Column::FullName => "Full name",
        Column::Mode => "Mode",
        Column::Admin => "M365 admin",
        Column::State => "State",
        Column::Cause => "Cause",
        Column::Since => "Since",
        Column::Tokens => "Tokens",
        Column::NextExpiry => "Next expiry",
        Column::LastSuccess => "Last success",
        Column::LastError => "Last error",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::web::console::authentication_status::query::Params;

    fn overview(counts: &[(ShownState, i64)]) -> Overview {
        Overview {
            rows: Vec::new(),
            counts: counts.iter().copied().collect::<BTreeMap<_, _>>(),
            total: 0,
        }
    }

    #[test]
    fn the_bar_is_filled_without_gaps() {
        let asked = Params::default().read();
        let overview = overview(&[(ShownState::Expired, 1), (ShownState::Valid, 2)]);
        let counts = counts(&asked, &overview, 3);
        assert_eq!(counts.iter().map(|c| c.width).sum::<i64>(), 1000);
        assert_eq!(counts[0].width, 333);
        let valid = counts.iter().find(|c| c.label == "Valid").unwrap();
        assert_eq!((valid.x, valid.width), (333, 667));
    }

    #[test]
    fn an_empty_fleet_has_an_empty_bar() {
        let asked = Params::default().read();
        let counts = counts(&asked, &overview(&[]), 0);
        assert!(counts.iter().all(|c| c.width == 0 && c.count == 0));
    }

    #[test]
    fn a_chosen_state_leads_back_to_all() {
        let asked = Params {
            state: "expired".into(),
            ..Params::default()
        }
        .read();
        let counts = counts(&asked, &overview(&[(ShownState::Expired, 1)]), 1);
        assert!(counts[0].chosen);
        assert_eq!(counts[0].href, paths::AUTHENTICATION_STATUS);
    }

    #[test]
    fn every_column_can_be_ordered_by() {
        let linked: usize = HEADS.iter().map(|columns| columns.len()).sum();
        assert_eq!(linked, Column::ALL.len());
    }

    #[test]
    fn a_second_click_turns_the_order_round() {
        let asked = Params {
            sort: "name".into(),
            ..Params::default()
        }
        .read();
        let heads = heads(&asked);
        assert_eq!(heads[0].order, "ascending");
        assert!(heads[0].links[1].href.ends_with("?sort=name&dir=desc"));
        assert_eq!(heads[0].links[1].arrow, "▲");
        assert_eq!(heads[1].order, "none");
    }
}
