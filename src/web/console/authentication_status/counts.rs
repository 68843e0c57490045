//! The counts per state: a bar to look at, links to click on, the same as data for a page that is open.

use serde::Serialize;

use super::query::{Asked, Change};
use crate::domain::connection::{ShownState, Tally};
use crate::web::parts::standing::badge;

/// The states with their numbers.
#[derive(Clone, Debug)]
pub struct CountsView {
    /// All states together, under the other filters.
    pub all: CountView,
    pub states: Vec<CountView>,
    /// Not all were counted: `+` after each number.
    pub plus: &'static str,
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

impl CountsView {
    pub fn of(asked: &Asked, tally: &Tally) -> Self {
        let sum = tally.counts.values().sum();
        Self {
            all: CountView {
                class: "all",
                label: "All",
                count: sum,
                href: asked.with(&Change::State(None)),
                chosen: asked.filter.state.is_none(),
                x: 0,
                width: 1000,
            },
            states: counts(asked, tally, sum),
            plus: if tally.more { "+" } else { "" },
        }
    }
}

/// What an open page is told when numbers change.
#[derive(Debug, Serialize)]
pub struct CountNews {
    class: &'static str,
    count: i64,
    x: i64,
    width: i64,
}

impl CountNews {
    pub fn all(asked: &Asked, tally: &Tally) -> Vec<Self> {
        let view = CountsView::of(asked, tally);
        std::iter::once(view.all)
            .chain(view.states)
            .map(|one| Self {
                class: one.class,
                count: one.count,
                x: one.x,
                width: one.width,
            })
            .collect()
    }
}

/// Every state, the most urgent first, laid out on the bar without gaps.
fn counts(asked: &Asked, tally: &Tally, sum: i64) -> Vec<CountView> {
    let mut x = 0;
    let mut before = 0;
    ShownState::ALL
        .into_iter()
        .map(|state| {
            let count = tally.counts.get(&state).copied().unwrap_or(0);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::console::authentication_status::query::Params;
    use crate::web::kit::paths;

    fn tally(counts: &[(ShownState, i64)]) -> Tally {
        Tally {
            counts: counts.iter().copied().collect(),
            ..Tally::default()
        }
    }

    #[test]
    fn the_bar_is_filled_without_gaps() {
        let asked = Params::default().read();
        let tally = tally(&[(ShownState::Expired, 1), (ShownState::Valid, 2)]);
        let counts = counts(&asked, &tally, 3);
        assert_eq!(counts.iter().map(|c| c.width).sum::<i64>(), 1000);
        assert_eq!(counts[0].width, 333);
        let valid = counts.iter().find(|c| c.label == "Valid").unwrap();
        assert_eq!((valid.x, valid.width), (333, 667));
    }

    #[test]
    fn an_empty_fleet_has_an_empty_bar() {
        let asked = Params::default().read();
        let counts = counts(&asked, &tally(&[]), 0);
        assert!(counts.iter().all(|c| c.width == 0 && c.count == 0));
    }

    #[test]
    fn a_chosen_state_leads_back_to_all() {
        let asked = Params {
            state: "expired".into(),
            ..Params::default()
        }
        .read();
        let counts = counts(&asked, &tally(&[(ShownState::Expired, 1)]), 1);
        assert!(counts[0].chosen);
        assert_eq!(counts[0].href, paths::AUTHENTICATION_STATUS);
    }
}
