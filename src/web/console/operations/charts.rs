//! How things went: charts over time, and the causes of failures.

use super::view::Facts;
use crate::domain::connection::ShownState;
use crate::domain::operations::History;
use crate::web::kit::paging::with_query;
use crate::web::kit::paths;
use crate::web::parts::chart::{Chart, Frame, Series};
use crate::web::parts::standing::badge;

/// The order in which areas stand on each other: what needs somebody at the bottom, where it is seen.
const AREAS: [ShownState; 7] = [
    ShownState::Expired,
    ShownState::Retrying,
    ShownState::Expiring,
    ShownState::InvitationPending,
    ShownState::NotConnected,
    ShownState::Suspended,
    ShownState::Valid,
];

/// The charts in front, which count tenants.
const FLEET: usize = 3;

pub fn charts(facts: &Facts) -> Vec<Chart> {
    let times: Vec<_> = facts.history.states.iter().map(|point| point.at).collect();
    let frame = |id, title, unit, times| Frame {
        id,
        title,
        unit,
        now: facts.now,
        span: facts.range.span(),
        times,
    };
    let states = |states: &[ShownState]| -> Vec<Series> {
        states.iter().map(|state| tenants(facts, *state)).collect()
    };
    let moments: Vec<_> = facts.history.refreshes.iter().map(|p| p.at).collect();
    let points = &facts.history.refreshes;
    let series = |label, class, values: Vec<Option<f64>>| Series {
        label,
        class,
        values,
    };
    let mut charts = vec![
        Chart::areas(
            frame("states", "Tenants by state", "tenants", &times),
            &states(&AREAS),
        ),
        Chart::lines(
            frame("trouble", "Tenants that need attention", "tenants", &times),
            &states(&[
                ShownState::Expired,
                ShownState::Retrying,
                ShownState::Expiring,
            ]),
        ),
        Chart::lines(
            frame(
                "due",
                "Renewals whose time has come",
                "connections",
                &moments,
            ),
            &[
                series(
                    "Due",
                    "pending",
                    points.iter().map(|p| Some(f64::from(p.due))).collect(),
                ),
                series(
                    "Overdue by 10 minutes",
                    "expired",
                    points.iter().map(|p| Some(f64::from(p.overdue))).collect(),
                ),
            ],
        ),
        Chart::lines(
            frame("rate", "Token requests", "a minute", &moments),
            &[
                series(
                    "Granted",
                    "valid",
                    points.iter().map(|p| p.granted_per_minute).collect(),
                ),
                series(
                    "Refused or failed",
                    "expired",
                    points.iter().map(|p| p.refused_per_minute).collect(),
                ),
            ],
        ),
        Chart::lines(
            frame("latency", "How long Microsoft takes", "ms", &moments),
            &[
                series(
                    "Median",
                    "pending",
                    points.iter().map(|p| p.median_ms).collect(),
                ),
                series(
                    "95 % within",
                    "expiring",
                    points.iter().map(|p| p.p95_ms).collect(),
                ),
            ],
        ),
    ];
    if facts.limited {
        // How many tenants there are, and how many of them are due, is the whole fleet's.
        charts.drain(..FLEET);
    }
    charts
}

fn tenants(facts: &Facts, state: ShownState) -> Series {
    let place = ShownState::ALL.iter().position(|one| *one == state);
    let count = |tenants: &[i32; ShownState::ALL.len()]| {
        place
            .and_then(|place| tenants.get(place))
            .map(|count| f64::from(*count))
    };
    Series {
        label: state.label(),
        class: badge(state),
        values: facts
            .history
            .states
            .iter()
            .map(|point| count(&point.tenants))
            .collect(),
    }
}

/// One cause with its number of errors.
#[derive(Clone, Debug)]
pub struct Bar {
    pub label: &'static str,
    pub count: i64,
    /// Of 1000.
    pub width: i64,
    pub href: String,
}

pub fn causes(history: &History) -> Vec<Bar> {
    let most = history.causes.iter().map(|(_, count)| *count).max();
    let most = most.unwrap_or(1).max(1);
    history
        .causes
        .iter()
        .map(|(cause, count)| Bar {
            label: cause.label(),
            count: *count,
            width: (count * 1000 / most).max(4),
            href: with_query(paths::MSAL_ERRORS, &[("cause", cause.as_str())], &[]),
        })
        .collect()
}
