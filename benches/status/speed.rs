//! Requests in a second against the bare loop, and against itself with ten times the tenants.

use std::time::Duration;

use super::http::load;
use super::load::Load;
use super::report::Report;
use super::serving::Serving;
use super::world::Fleet;

pub const PAGE: &str = "/security/authentication-status";
/// A filter that leaves the same rows, by which each viewer's page is looked up by itself.
pub const FILTERED: &str = "/security/authentication-status?snoozed=no";
/// Each side is measured so often, in turn; the median of the ratios counts.
const ROUNDS: usize = 5;
pub const CONNECTIONS: usize = 64;

/// Who looks.
#[derive(Clone, Copy)]
pub enum Viewer {
    Owner,
    Limited,
}

pub async fn against_bare(fleet: &Fleet, seconds: i32, report: &mut Report) {
    let portal = Serving::start(&["portal", &fleet.web_url, &fleet.keeper_url]);
    let bare = Serving::start(&["bare", &fleet.bare_url]);
    let sides = [(&portal, fleet), (&bare, fleet)];
    let rounds = measure(sides, (PAGE, Viewer::Owner), CONNECTIONS, seconds).await;
    let (ours, bare) = middle(&rounds, Load::per_second);
    report.at_least("status_page_per_second", ours, bare, 0.6);
    let (ours, bare) = middle(&rounds, |load| load.p99.as_secs_f64() * 1000.0);
    report.at_most_times("status_page_p99_ms", ours, bare, 1.7);
    let rounds = measure(sides, (FILTERED, Viewer::Owner), CONNECTIONS, seconds).await;
    let (ours, bare) = middle(&rounds, Load::per_second);
    report.at_least("filtered_page_per_second", ours, bare, 0.15);
}

pub async fn as_it_grows(small: &Fleet, large: &Fleet, seconds: i32, report: &mut Report) {
    let larger = Serving::start(&["portal", &large.web_url, &large.keeper_url]);
    let smaller = Serving::start(&["portal", &small.web_url, &small.keeper_url]);
    let sides = [(&larger, large), (&smaller, small)];
    let rounds = measure(sides, (PAGE, Viewer::Owner), 1, seconds).await;
    let (large, small) = middle(&rounds, |load| load.median.as_secs_f64() * 1000.0);
    report.at_most_times("status_page_ms_at_ten_times_the_tenants", large, small, 1.2);
}

pub async fn measure(
    sides: [(&Serving, &Fleet); 2],
    (page, viewer): (&'static str, Viewer),
    connections: usize,
    seconds: i32,
) -> Vec<[Load; 2]> {
    let time = Duration::from_secs(seconds.unsigned_abs().into());
    let one = async |(side, fleet): (&Serving, &Fleet), time| {
        let session = match viewer {
            Viewer::Owner => &fleet.session,
            Viewer::Limited => &fleet.limited,
        };
        load(side.address, session, page, connections, time).await
    };
    for side in sides {
        one(side, time / 4).await;
    }
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push([one(sides[0], time).await, one(sides[1], time).await]);
    }
    rounds
}

/// The round in the middle by the ratio of what is looked at.
pub fn middle(rounds: &[[Load; 2]], what: impl Fn(&Load) -> f64) -> (f64, f64) {
    let mut pairs: Vec<(f64, f64)> = rounds.iter().map(|[a, b]| (what(a), what(b))).collect();
    pairs.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
    pairs[pairs.len() / 2]
}
