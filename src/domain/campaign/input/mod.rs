//! The form of a campaign, from what was typed to values, once. Each refusal says what to do.

mod rhythm;
mod text;

use time::OffsetDateTime;

use super::{Pace, Reason};
use crate::domain::customer_mail::MailTemplate;
use crate::domain::invitation::Method;
use crate::domain::tenant::{FieldError, keep};

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
    pub template: Option<MailTemplate>,
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
        let name = keep(self.name(), &mut errors);
        let reason = keep(self.reason(), &mut errors);
        let method = keep(self.method(reason), &mut errors);
        let sentence = keep(self.sentence(), &mut errors);
        let template = self.template().map_err(|found| errors.extend(found)).ok();
        let per_hour = keep(self.per_hour(), &mut errors);
        let hours = keep(self.hours(), &mut errors);
        let zone = keep(self.zone(), &mut errors);
        let deadline = keep(self.deadline(reason, zone.as_ref(), now), &mut errors);
        let reminders = keep(self.reminders(), &mut errors);
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
        input.subject = "Open {link}".into();
        assert_eq!(wrong(&input), ["subject", "body"]);
        input.subject = "{msp} asks {tenant}".into();
        input.body = "Go to {link} by {deadline}".into();
        let new = input.parse(NOW).unwrap();
        assert_eq!(new.template.unwrap().body, "Go to {link} by {deadline}");
    }
}
