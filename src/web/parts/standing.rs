//! A tenant's state as badge, words and who acts: the same on the status list, the settings page and the overview.

use time::Duration;

use crate::domain::connection::{Row, ShownState};
use crate::domain::diagnosis::WhoActs;

/// The state of one tenant, ready for the page.
#[derive(Clone, Debug)]
pub struct StateView {
    /// Last part of the badge's class.
    pub class: &'static str,
    pub label: &'static str,
    /// The cause in a few words; empty when there is nothing to say.
    pub words: String,
    /// Who can end it; empty when nobody has to.
    pub who: &'static str,
    /// A link is out, or a grant waits, beside a connection that has a state of its own.
    pub renewing: bool,
    /// Until when nobody is called for it, and why; empty when not snoozed.
    pub snoozed: String,
    /// How many permissions are lacking, in words; empty when none is.
    pub lacking: String,
}

impl StateView {
    pub fn of(row: &Row) -> Self {
        let renewing = row.open_invitation.is_some() || row.pending.is_some();
        Self {
            class: badge(row.state),
            label: row.state.label(),
            words: row.words().to_owned(),
            who: row
                .who_acts()
                .filter(|who| *who != WhoActs::Nobody)
                .map_or("", WhoActs::label),
            renewing: renewing && row.state != ShownState::InvitationPending,
            snoozed: row
                .snoozed
                .as_ref()
                .map(|(until, reason)| {
                    // The instant is the end of the last day.
                    let last = (*until - Duration::SECOND).date();
                    format!("Snoozed through {last} (UTC): {reason}")
                })
                .unwrap_or_default(),
            lacking: match row.permissions_lacking {
                ..=0 => String::new(),
                1 => "1 permission lacking".to_owned(),
                n => format!("{n} permissions lacking"),
            },
        }
    }

    /// What stands below the badge, line by line, as in `templates/parts/standing.html`.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.words.is_empty() {
            lines.push(self.words.clone());
        }
        if !self.who.is_empty() {
            lines.push(format!("Who acts: {}", self.who));
        }
        if !self.lacking.is_empty() {
            lines.push(self.lacking.clone());
        }
        if self.renewing {
            lines.push("A renewal is under way".to_owned());
        }
        if !self.snoozed.is_empty() {
            lines.push(self.snoozed.clone());
        }
        lines
    }
}

/// The badge's class for a state.
pub const fn badge(state: ShownState) -> &'static str {
    match state {
        ShownState::Expired => "expired",
        ShownState::Retrying => "retrying",
        ShownState::Expiring => "expiring",
        ShownState::InvitationPending => "pending",
        ShownState::NotConnected => "none",
        ShownState::Valid => "valid",
        ShownState::Suspended => "suspended",
    }
}
