//! The list, ready for the template: counts as links, columns with their order, rows, neighbouring pages.

use time::OffsetDateTime;

use super::counts::CountsView;
use super::query::{Asked, Change};
use super::row::RowView;
use crate::domain::connection::{Column, ModeFilter, Overview, Sort};
use crate::domain::diagnosis::Category;
use crate::web::kit::paging::{DEFAULT_SIZE, Pager};
use crate::web::kit::paths;

/// Everything on the page below its heading.
#[derive(Clone, Debug)]
pub struct ListView {
    pub action: &'static str,
    pub search: String,
    pub counts: CountsView,
    pub causes: Vec<Choice>,
    pub modes: Vec<Choice>,
    pub tags: Vec<Choice>,
    pub snoozed: Vec<Choice>,
    pub permissions: Vec<Choice>,
    /// The day of expiry that the list is narrowed to, and the way back; empty for none.
    pub day: String,
    pub without_day: String,
    /// Asked for and not known, as name and word.
    pub unknown: Vec<(&'static str, String)>,
    /// What the form must carry along: the state chosen on the bar, and the order.
    pub hidden: Vec<(&'static str, String)>,
    /// Everything the list is narrowed and ordered by, for "Save this view".
    pub shown: Vec<(&'static str, String)>,
    pub heads: Vec<HeadView>,
    pub rows: Vec<RowView>,
    pub pager: Pager,
    /// No tenant at all under the filter, on whichever page.
    pub none: bool,
    pub filtered: bool,
    pub clear: String,
    pub add_tenant: &'static str,
    /// The same list as CSV.
    pub csv: String,
    /// The form of a campaign for the same tenants.
    pub campaign: String,
    /// Filters and order as a query, for what leads back here.
    pub query: String,
    /// The query of the stream that this page listens to, without the rows.
    pub live: &'static str,
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

impl ListView {
    pub fn of(asked: &Asked, overview: &Overview, now: OffsetDateTime) -> Self {
        let filter = &asked.filter;
        let tags = &overview.summary.tags;
        let tally = &overview.summary.tally;
        let causes = &tally.causes;
        let day = asked.day();
        let address = asked.address("");
        Self {
            action: paths::AUTHENTICATION_STATUS,
            search: filter.search.clone(),
            counts: CountsView::of(asked, tally),
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
            snoozed: choices(
                [("yes", "Only snoozed"), ("no", "Without snoozed")].into_iter(),
                filter
                    .snoozed
                    .map_or("", |snoozed| if snoozed { "yes" } else { "no" }),
            ),
            permissions: choices(
                [("lacking", "Lacking"), ("whole", "Complete")].into_iter(),
                filter
                    .lacking
                    .map_or("", |lacking| if lacking { "lacking" } else { "whole" }),
            ),
            without_day: asked.with(&Change::NoDay),
            unknown: asked.unknown.clone(),
            hidden: fields(asked, |name| {
                matches!(name, "state" | "expires" | "sort" | "dir")
            }),
            shown: fields(asked, |_| true),
            heads: heads(asked),
            rows: overview
                .page
                .rows
                .iter()
                .map(|row| RowView::of(row, now))
                .collect(),
            pager: asked.keyset.pager(
                paths::AUTHENTICATION_STATUS,
                &asked.pairs(&day),
                &overview.page,
                DEFAULT_SIZE,
                (overview.total, tally.more),
            ),
            none: overview.total == 0,
            filtered: asked.filtered(),
            clear: asked.with(&Change::Clear),
            add_tenant: paths::NEW_TENANT,
            csv: asked.address(paths::STATUS_CSV),
            campaign: asked.address(paths::NEW_CAMPAIGN),
            query: address.trim_start_matches('?').to_owned(),
            live: paths::STATUS_EVENTS,
            day,
        }
    }
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

/// What the query says, of the names that are wanted.
fn fields(asked: &Asked, wanted: impl Fn(&str) -> bool) -> Vec<(&'static str, String)> {
    let day = asked.day();
    asked
        .pairs(&day)
        .into_iter()
        .filter(|(name, value)| wanted(name) && !value.is_empty())
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
    use super::*;
    use crate::web::console::authentication_status::query::Params;

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
