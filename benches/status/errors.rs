//! The MSAL errors of a long-lived fleet against those of a young one: what reads by index costs the same.

use super::http::load;
use super::report::Report;
use super::serving::Serving;
use super::world::Fleet;
use std::time::Duration;

/// The list, each kind of filter, a search, and equal errors folded.
const PAGES: [(&str, &str); 7] = [
    ("errors_list", ""),
    ("errors_by_code", "?code=50076"),
    ("errors_by_cause", "?cause=mfa_required"),
    ("errors_by_resource", "?resource=graph"),
    ("errors_by_search", "?q=multi-factor"),
    ("errors_by_rare_search", "?q=zzz-nowhere"),
    ("errors_folded", "?fold=equal"),
];
/// A page may take so many times what it takes with a hundredth of the errors.
const GOAL: f64 = 2.5;

pub async fn run(many: &Fleet, few: &Fleet, report: &mut Report) {
    let with_many = Serving::start(&["portal", &many.web_url, &many.keeper_url]);
    let with_few = Serving::start(&["portal", &few.web_url, &few.keeper_url]);
    for (name, query) in PAGES {
        let path: &'static str = format!("/monitoring/msal-errors{query}").leak();
        let median = async |side: &Serving, fleet: &Fleet| {
            let time = Duration::from_secs(1);
            load(side.address, &fleet.session, path, 1, time / 2).await;
            let load = load(side.address, &fleet.session, path, 1, time).await;
            load.median.as_secs_f64() * 1000.0
        };
        let few = median(&with_few, few).await;
        let many = median(&with_many, many).await;
        report.at_most_times(&format!("{name}_ms"), many, few, GOAL);
    }
}
