//! How many tenants are at which stage: the bar, and the links that narrow the board.

use super::class_of;
use crate::domain::campaign::{Counts, Stage};
use crate::web::kit::paging::with_query;

/// The stages with their numbers.
pub struct CountsView {
    pub all: i64,
    pub all_href: String,
    pub stages: Vec<CountView>,
}

pub struct CountView {
    pub class: &'static str,
    pub label: &'static str,
    pub word: &'static str,
    pub count: i64,
    pub href: String,
    pub chosen: bool,
    /// Place and width on a bar that is 1000 wide.
    pub x: i64,
    pub width: i64,
}

impl CountsView {
    pub fn of(counts: &Counts, chosen: Option<Stage>, search: &str, here: &str) -> Self {
        let all = counts.values().sum();
        let address = |stage: &str| with_query(here, &[("stage", stage), ("q", search)], &[]);
        let (mut x, mut before) = (0, 0);
        let stages = Stage::ALL.into_iter().map(|stage| {
            let count = counts.get(&stage).copied().unwrap_or(0);
            before += count;
            // From the running sum, so that rounding leaves no gap at the end.
            let end = (before * 1000_i64).checked_div(all).unwrap_or(0);
            let is_chosen = chosen == Some(stage);
            let view = CountView {
                class: class_of(stage),
                label: stage.label(),
                word: stage.as_str(),
                count,
                href: address(if is_chosen { "" } else { stage.as_str() }),
                chosen: is_chosen,
                x,
                width: end - x,
            };
            x = end;
            view
        });
        Self {
            stages: stages.collect(),
            all,
            all_href: address(""),
        }
    }
}
