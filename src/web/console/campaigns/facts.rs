//! What a campaign is, in words.

use std::fmt::Write as _;

use time::{Duration, OffsetDateTime};

use crate::domain::campaign::{Campaign, Pace, Reason, State as Standing};
use crate::web::kit::when::{When, amount};

/// `about 3 hours of mailing`
pub fn takes(campaign: &Campaign, mails: i64) -> String {
    let span = campaign.pace.takes(mails.max(0));
    if span < Duration::minutes(1) {
        "less than a minute".to_owned()
    } else {
        format!("about {}", amount(span))
    }
}

/// Why somebody need not be asked: `3 are not asked: …`
pub const fn needless(reason: Reason) -> &'static str {
    match reason {
        Reason::Expired => "authorisation valid",
        Reason::Permission => "no permission lacking",
        Reason::Move => "moved already",
        // Everybody is asked.
        Reason::Deadline => "",
    }
}

/// Label and value.
pub fn facts(campaign: &Campaign, now: OffsetDateTime) -> Vec<(&'static str, String)> {
    let when = |at: OffsetDateTime| {
        let when = When::new(at, now);
        format!("{} ({})", when.exact, when.distance)
    };
    let mut facts = vec![("Reason", campaign.reason.label().to_owned())];
    if !campaign.sentence.is_empty() {
        facts.push(("In own words", campaign.sentence.clone()));
    }
    let made = when(campaign.created_at);
    facts.push(if campaign.created_by.is_empty() {
        ("Made", made)
    } else {
        ("Made", format!("{made}, by {}", campaign.created_by))
    });
    if let Some(at) = campaign.started_at {
        facts.push(("Started", when(at)));
    }
    facts.push(("Pace", pace(&campaign.pace)));
    facts.push((
        "Reminders",
        campaign.reminders.map_or_else(
            || "none".to_owned(),
            |(days, most)| format!("every {days} days, at most {most}"),
        ),
    ));
    if let Some((at, day)) = campaign.deadline.zip(campaign.last_day()) {
        let zone = campaign.pace.zone.name();
        facts.push((
            "Deadline",
            format!("the end of {day} in {zone}: {}", when(at)),
        ));
    }
    if campaign.state == Standing::Running
        && let Some(at) = campaign.next_send_at.filter(|at| *at > now)
    {
        facts.push(("Next mail", format!("not before {}", when(at))));
    }
    if let Some(at) = campaign.ended_at {
        facts.push(("Ended", format!("{}: {}", when(at), campaign.end_reason)));
    }
    facts
}

fn pace(pace: &Pace) -> String {
    let mut words = format!("{} mails an hour", pace.per_hour);
    if let Some((from, until)) = pace.hours {
        let _ = write!(words, ", from {from}:00 to {until}:00");
    }
    if pace.weekdays_only {
        words += ", Monday to Friday";
    }
    if pace.hours.is_some() || pace.weekdays_only {
        let _ = write!(words, " ({})", pace.zone.name());
    }
    words
}
