//! When a campaign's mails go out: how many an hour, in which hours, until when, with which reminders.

use time::{Date, Duration, OffsetDateTime};

use super::{CampaignInput, Checked};
use crate::domain::campaign::Reason;
use crate::domain::tenant::FieldError;
use crate::domain::zone::Zone;

const DAY: &[time::format_description::BorrowedFormatItem<'_>] =
    time::macros::format_description!("[year]-[month]-[day]");
const LONGEST: Duration = Duration::days(366);

impl CampaignInput {
    pub(super) fn per_hour(&self) -> Checked<i32> {
        let found = self.per_hour.trim().parse().ok();
        found
            .filter(|n| (1..=10_000).contains(n))
            .ok_or_else(|| FieldError::new("per_hour", "Say how many mails an hour: 1 to 10000."))
    }

    pub(super) fn hours(&self) -> Checked<Option<(u8, u8)>> {
        let (from, until) = (self.hours_from.trim(), self.hours_until.trim());
        if from.is_empty() && until.is_empty() {
            return Ok(None);
        }
        let hours = from.parse().ok().zip(until.parse().ok());
        hours
            .filter(|(from, until)| *from <= 23 && *until <= 24 && from < until)
            .map(Some)
            .ok_or_else(|| {
                let why = "Give both hours, the first before the last: 8 and 17.";
                FieldError::new("hours_from", why)
            })
    }

    pub(super) fn zone(&self) -> Checked<Zone> {
        Zone::parse(&self.zone)
            .ok_or_else(|| FieldError::new("zone", "Name a time zone such as Europe/Berlin."))
    }

    pub(super) fn deadline(
        &self,
        reason: Option<Reason>,
        zone: Option<&Zone>,
        now: OffsetDateTime,
    ) -> Checked<Option<OffsetDateTime>> {
        let typed = self.deadline.trim();
        if typed.is_empty() {
            if reason == Some(Reason::Deadline) {
                return Err(FieldError::new(
                    "deadline",
                    "Name the day it has to be done by.",
                ));
            }
            return Ok(None);
        }
        let day = Date::parse(typed, DAY)
            .map_err(|_| FieldError::new("deadline", "Name a day, like 2026-12-31."))?;
        let end = zone.unwrap_or(&Zone::UTC).end_of(day);
        if end <= now {
            return Err(FieldError::new(
                "deadline",
                "Name a day that is still to come.",
            ));
        }
        if end > now + LONGEST {
            return Err(FieldError::new("deadline", "Name a day within a year."));
        }
        Ok(Some(end))
    }

    pub(super) fn reminders(&self) -> Checked<Option<(i16, i16)>> {
        let number = |field: &'static str, text: &str, most: i16, why| {
            let text = text.trim();
            let found = if text.is_empty() {
                Some(0)
            } else {
                text.parse().ok()
            };
            found
                .filter(|n| (0..=most).contains(n))
                .ok_or_else(|| FieldError::new(field, why))
        };
        let days = number(
            "remind_days",
            &self.remind_days,
            60,
            "Say every how many days: 0 to 60.",
        )?;
        let most = number(
            "remind_most",
            &self.remind_most,
            10,
            "Say how many at most: 0 to 10.",
        )?;
        Ok((days > 0 && most > 0).then_some((days, most)))
    }
}
