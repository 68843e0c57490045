//! The form of a campaign, from what was typed to values, once. Each refusal says what to do.

use time::{Date, Duration, OffsetDateTime};

use super::{Pace, Reason};
use crate::domain::customer_mail::Kind;
use crate::domain::invitation::Method;
use crate::domain::line::plain;
use crate::domain::tenant::FieldError;
use crate::domain::zone::Zone;

const DAY: &[time::format_description::BorrowedFormatItem<'_>] =
    time::macros::format_description!("[year]-[month]-[day]");
const LONGEST_NAME: usize = 100;
const LONGEST_SENTENCE: usize = 500;
const LONGEST_SUBJECT: usize = 200;
const LONGEST_BODY: usize = 5_000;

/// The form as typed, nothing checked yet.
#[derive(Clone, Debug, Default)]
pub struct CampaignInput {
    pub name: String,
    pub reason: String,
    /// Empty: as each tenant does now.
    pub method: String,
    pub sentence: String,
    /// Both empty: the text of its kind.
    pub subject: String,
    pub body: String,
    pub per_hour: String,
    /// Hours of the day; both empty: any hour.
    pub hours_from: String,
    pub hours_until: String,
    pub weekdays_only: bool,
    /// By whose clock hours, days and the deadline are meant; empty: UTC.
    pub zone: String,
    /// A day; empty for none.
    pub deadline: String,
    /// Empty or 0 for none.
    pub remind_days: String,
    pub remind_most: String,
}

/// The form's values, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCampaign {
    pub name: String,
    pub reason: Reason,
    pub method: Option<Method>,
    pub sentence: String,
    pub template: Option<(String, String)>,
    pub pace: Pace,
    /// The end of the day named, by the clock of the pace's zone.
    pub deadline: Option<OffsetDateTime>,
    /// Every so many days, at most so many.
    pub reminders: Option<(i16, i16)>,
}

type Checked<T> = Result<T, FieldError>;

impl CampaignInput {
    /// Check every field; all problems are reported at once.
    pub fn parse(&self, now: OffsetDateTime) -> Result<NewCampaign, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut note = |found: FieldError| errors.push(found);
        let name = self.name().map_err(&mut note).ok();
        let reason = self.reason().map_err(&mut note).ok();
        let method = self.method(reason).map_err(&mut note).ok();
        let sentence = self.sentence().map_err(&mut note).ok();
        let template = self.template().map_err(&mut note).ok();
        let per_hour = self.per_hour().map_err(&mut note).ok();
        let hours = self.hours().map_err(&mut note).ok();
        let zone = self.zone().map_err(&mut note).ok();
        let deadline = self.deadline(reason, zone.as_ref(), now);
        let deadline = deadline.map_err(&mut note).ok();
        let reminders = self.reminders().map_err(&mut note).ok();
        let all = (|| {
            Some(NewCampaign {
                name: name?,
                reason: reason?,
                method: method?,
                sentence: sentence?,
                template: template?,
                pace: Pace {
                    per_hour: per_hour?,
                    hours: hours?,
                    weekdays_only: self.weekdays_only,
                    zone: zone?,
                },
                deadline: deadline?,
                reminders: reminders?,
            })
        })();
        all.ok_or(errors)
    }

    fn name(&self) -> Checked<String> {
        let name = plain(&self.name);
        if name.is_empty() {
            return Err(FieldError::new("name", "Give the campaign a name."));
        }
        limited(
            "name",
            name,
            LONGEST_NAME,
            "Give it a name of at most 100 characters.",
        )
    }

    fn reason(&self) -> Checked<Reason> {
        self.reason
            .parse()
            .map_err(|_| FieldError::new("reason", "Choose why customers are asked."))
    }

    fn method(&self, reason: Option<Reason>) -> Checked<Option<Method>> {
        let wrong = |why| FieldError::new("method", why);
        let method = match self.method.as_str() {
            "" => None,
            word => Some(
                word.parse()
                    .map_err(|_| wrong("Choose how the administrator signs in."))?,
            ),
        };
        if reason == Some(Reason::Move) && matches!(method, None | Some(Method::DeviceCode)) {
            return Err(wrong("Choose the way that customers are to move to."));
        }
        Ok(method)
    }

    fn sentence(&self) -> Checked<String> {
        let why = "Say why in at most 500 characters.";
        limited("sentence", plain(&self.sentence), LONGEST_SENTENCE, why)
    }

    fn template(&self) -> Checked<Option<(String, String)>> {
        let (subject, body) = (plain(&self.subject), self.body.replace('\r', ""));
        let body = body.trim().to_owned();
        match (subject.is_empty(), body.is_empty()) {
            (true, true) => return Ok(None),
            (true, false) => return Err(FieldError::new("subject", "Give the mail a subject.")),
            (false, true) => return Err(FieldError::new("body", "Write the mail's text.")),
            (false, false) => {}
        }
        known_placeholders("subject", &subject)?;
        known_placeholders("body", &body)?;
        if !body.contains("{link}") {
            let why = "The text must have {link} where the link belongs.";
            return Err(FieldError::new("body", why));
        }
        let subject = limited(
            "subject",
            subject,
            LONGEST_SUBJECT,
            "Use at most 200 characters.",
        )?;
        let body = limited("body", body, LONGEST_BODY, "Use at most 5,000 characters.")?;
        Ok(Some((subject, body)))
    }

    fn per_hour(&self) -> Checked<i32> {
        let found = self.per_hour.trim().parse().ok();
        found
            .filter(|n| (1..=10_000).contains(n))
            .ok_or_else(|| FieldError::new("per_hour", "Say how many mails an hour: 1 to 10000."))
    }

    fn hours(&self) -> Checked<Option<(u8, u8)>> {
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

    fn zone(&self) -> Checked<Zone> {
        Zone::parse(&self.zone)
            .ok_or_else(|| FieldError::new("zone", "Name a time zone such as Europe/Berlin."))
    }

    fn deadline(
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
        if end > now + Duration::days(366) {
            return Err(FieldError::new("deadline", "Name a day within a year."));
        }
        Ok(Some(end))
    }

    fn reminders(&self) -> Checked<Option<(i16, i16)>> {
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

fn limited(field: &'static str, text: String, most: usize, why: &'static str) -> Checked<String> {
    if text.chars().count() > most {
        return Err(FieldError::new(field, why));
    }
    Ok(text)
}

/// Everything in braces must be a placeholder of the mail.
fn known_placeholders(field: &'static str, text: &str) -> Checked<()> {
    let known = Kind::Campaign.placeholders();
    for piece in text.split('{').skip(1) {
        let word = piece.split('}').next().unwrap_or_default();
        if piece.contains('}') && !known.contains(&word) {
            let known: Vec<String> = known.iter().map(|word| format!("{{{word}}}")).collect();
            let why = format!(
                "{{{word}}} is no placeholder. There are {}.",
                known.join(", ")
            );
            return Err(FieldError::new(field, &why));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

    fn typed() -> CampaignInput {
        CampaignInput {
            name: " Autumn renewals ".into(),
            reason: "expired".into(),
            per_hour: "60".into(),
            ..CampaignInput::default()
        }
    }

    fn wrong(input: &CampaignInput) -> Vec<&'static str> {
        let errors = input.parse(NOW).unwrap_err();
        errors.iter().map(|error| error.field).collect()
    }

    #[test]
    fn the_least_that_must_be_typed_is_enough() {
        let new = typed().parse(NOW).unwrap();
        assert_eq!(new.name, "Autumn renewals");
        assert_eq!(
            (new.reminders, new.deadline, new.pace.hours),
            (None, None, None)
        );
    }

    #[test]
    fn every_wrong_field_is_told_at_once() {
        let input = CampaignInput {
            reason: "because".into(),
            per_hour: "0".into(),
            hours_from: "17".into(),
            hours_until: "8".into(),
            deadline: "2026-11-21".into(),
            remind_days: "-1".into(),
            subject: "Only a subject".into(),
            method: "password".into(),
            sentence: "x".repeat(501),
            ..CampaignInput::default()
        };
        let fields = [
            "name",
            "reason",
            "method",
            "sentence",
            "body",
            "per_hour",
            "hours_from",
            "deadline",
            "remind_days",
        ];
        assert_eq!(wrong(&input), fields);
    }

    #[test]
    fn a_deadline_lasts_to_the_end_of_its_day_and_some_reasons_need_one() {
        let mut input = typed();
        input.deadline = "2026-11-22".into();
        let new = input.parse(NOW).unwrap();
        assert_eq!(new.deadline, Some(datetime!(2026-11-23 00:00 UTC)));
        input.zone = "Europe/Berlin".into();
        for (day, end) in [
            ("2026-11-22", datetime!(2026-11-22 23:00 UTC)),
            // The clock goes forward on that day.
            ("2027-03-28", datetime!(2027-03-28 22:00 UTC)),
            ("2027-10-31", datetime!(2027-10-31 23:00 UTC)),
        ] {
            input.deadline = day.into();
            assert_eq!(input.parse(NOW).unwrap().deadline, Some(end), "{day}");
        }
        // It is the 23rd already.
        input.zone = "Pacific/Auckland".into();
        input.deadline = "2026-11-22".into();
        assert_eq!(wrong(&input), ["deadline"]);
        input.zone = "Middle-Earth".into();
        input.deadline.clear();
        assert_eq!(wrong(&input), ["zone"]);
        input.zone.clear();
        input.reason = "deadline".into();
        assert_eq!(wrong(&input), ["deadline"]);
        input.reason = "move".into();
        assert_eq!(wrong(&input), ["method"]);
        input.method = "device_code".into();
        assert_eq!(wrong(&input), ["method"]);
        input.method = "auth_code".into();
        assert!(input.parse(NOW).is_ok());
    }

    #[test]
    fn a_text_of_its_own_has_the_link_and_known_placeholders() {
        let mut input = typed();
        input.subject = "{msp} asks {tenant}".into();
        input.body = "Dear customer".into();
        assert_eq!(wrong(&input), ["body"]);
        input.body = "Go to {link} by {password}".into();
        assert_eq!(wrong(&input), ["body"]);
        input.body = "Go to {link} by {deadline}".into();
        let new = input.parse(NOW).unwrap();
        assert_eq!(new.template.unwrap().1, "Go to {link} by {deadline}");
    }
}
