//! The numbers on top of the page.

use time::Duration;

use super::view::Facts;
use crate::domain::alert::Open;
use crate::web::kit::paths::{self, TenantPaths};
use crate::web::kit::when::When;
use crate::web::parts::msal_errors::resource_name;

/// An unexercised token is worth a warning after so long: each is exercised once a day.
const UNEXERCISED: Duration = Duration::hours(36);

/// One number with its words.
#[derive(Clone, Debug)]
pub struct Tile {
    pub label: &'static str,
    pub value: String,
    pub note: String,
    /// Where to look further; empty when nowhere.
    pub href: String,
    /// `bad`, `warn` or empty.
    pub tone: &'static str,
}

impl Tile {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "numbers and texts as they come"
    )]
    fn new(label: &'static str, value: impl ToString) -> Self {
        Self {
            label,
            value: value.to_string(),
            note: String::new(),
            href: String::new(),
            tone: "",
        }
    }

    fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    fn href(mut self, href: impl Into<String>) -> Self {
        self.href = href.into();
        self
    }

    fn tone(mut self, tone: &'static str, holds: bool) -> Self {
        if holds {
            self.tone = tone;
        }
        self
    }
}

pub fn tiles(facts: &Facts) -> Vec<Tile> {
    let present = &facts.present;
    let open = facts.incidents.iter().filter(|one| one.closed_at.is_none());
    let open = open.count();
    let shut = present.breakers.iter().filter(|b| b.times > 0).count();
    let alive = present.keepers.iter().filter(|k| k.is_alive()).count();
    let late = facts.workers.iter().filter(|w| w.is_late(facts.now));
    let late = late.count();
    let newest = facts.history.refreshes.last();
    let ms = |value: Option<f64>| value.map_or("–".to_owned(), |ms| format!("{ms:.0} ms"));
    let rate = newest.and_then(|point| point.granted_per_minute);
    let mut tiles = vec![
        Tile::new("Open incidents", open)
            .href("#incidents")
            .tone("bad", open > 0),
        alerts(&facts.alerts),
        Tile::new("Overdue renewals", present.overdue)
            .note(format!("{} due of {}", present.due, present.connections))
            .tone("bad", present.overdue > 0),
        Tile::new(
            "Renewals a minute",
            rate.map_or("–".to_owned(), |r| format!("{r:.1}")),
        )
        .note("answered with a token"),
        Tile::new("Microsoft's answer", ms(newest.and_then(|p| p.median_ms)))
            .note(format!("95 % within {}", ms(newest.and_then(|p| p.p95_ms)))),
        Tile::new("Keepers at work", alive)
            .href("#keepers")
            .tone("bad", alive == 0),
        Tile::new("Breakers holding back", shut)
            .note("0: every request passes")
            .href("#breakers")
            .tone("bad", shut > 0),
        Tile::new("Workers late", late)
            .href("#workers")
            .tone("warn", late > 0),
    ];
    tiles.push(match &present.oldest {
        None => Tile::new("Oldest unexercised token", "–").note("no valid token"),
        Some(oldest) => Tile::new(
            "Oldest unexercised token",
            When::new(oldest.at, facts.now).distance,
        )
        .note(format!(
            "{}, {}",
            oldest.short_name,
            resource_name(&oldest.resource)
        ))
        .href(TenantPaths(&oldest.short_name).m365())
        .tone("warn", facts.now - oldest.at > UNEXERCISED),
    });
    tiles
}

/// What is open, the loudest first.
fn alerts(open: &Open) -> Tile {
    let mut parts: Vec<String> = open
        .by_severity
        .iter()
        .rev()
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| format!("{count} {}", severity.label().to_lowercase()))
        .collect();
    if open.snoozed > 0 {
        parts.push(format!("{} of them snoozed", open.snoozed));
    }
    let all = open.all();
    Tile::new("Open alerts", all)
        .note(parts.join(", "))
        .href(format!("{}#open-title", paths::ALERTS))
        .tone("warn", all > open.snoozed)
}
