//! What a mail to a customer is about, and what may stand in its text.

use std::str::FromStr;

use super::MailTemplate;
use crate::language::Language;

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The link.
    Invitation,
    /// The link once more, before it lapses.
    Reminder,
    /// The receipt: what was granted, by whom, when, and how to take it back.
    Completed,
    /// The authorisation will lapse, or has.
    AboutToExpire,
    /// The link, for a campaign's reason.
    Campaign,
    CampaignReminder,
}

/// A word that names no kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such kind of mail")]
pub struct UnknownKind;

impl Kind {
    pub const ALL: [Self; 6] = [
        Self::Invitation,
        Self::Reminder,
        Self::Completed,
        Self::AboutToExpire,
        Self::Campaign,
        Self::CampaignReminder,
    ];

    /// The word in the database and in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Reminder => "reminder",
            Self::Completed => "completed",
            Self::AboutToExpire => "about_to_expire",
            Self::Campaign => "campaign",
            Self::CampaignReminder => "campaign_reminder",
        }
    }

    /// Its name for technicians.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invitation => "Invitation",
            Self::Reminder => "Reminder",
            Self::Completed => "Receipt",
            Self::AboutToExpire => "About to expire",
            Self::Campaign => "Campaign",
            Self::CampaignReminder => "Campaign reminder",
        }
    }

    /// Carries the link of an invitation?
    pub const fn has_link(self) -> bool {
        match self {
            Self::Invitation | Self::Reminder | Self::Campaign | Self::CampaignReminder => true,
            Self::Completed | Self::AboutToExpire => false,
        }
    }

    /// What may stand in braces in its text.
    pub const fn placeholders(self) -> &'static [&'static str] {
        match self {
            Self::Invitation | Self::Reminder => &[
                "tenant",
                "msp",
                "link",
                "expires",
                "reference",
                "technician",
                "resources",
            ],
            Self::Completed => &["tenant", "msp", "by", "when", "resources", "app"],
            Self::AboutToExpire => &["tenant", "msp", "expires", "resources"],
            Self::Campaign | Self::CampaignReminder => &[
                "tenant",
                "msp",
                "link",
                "expires",
                "reference",
                "technician",
                "resources",
                "reason",
                "deadline",
            ],
        }
    }

    /// The text that comes with the product.
    pub fn default_template(self, language: Language) -> MailTemplate {
        let words = &language.book().mail;
        let (subject, body) = match self {
            Self::Invitation => (&words.invitation_subject, &words.invitation_body),
            Self::Reminder => (&words.reminder_subject, &words.reminder_body),
            Self::Completed => (&words.completed_subject, &words.completed_body),
            Self::AboutToExpire => (&words.about_to_expire_subject, &words.about_to_expire_body),
            Self::Campaign => (&words.campaign_subject, &words.campaign_body),
            Self::CampaignReminder => (
                &words.campaign_reminder_subject,
                &words.campaign_reminder_body,
            ),
        };
        MailTemplate {
            subject: subject.as_str().trim().to_owned(),
            body: body.as_str().trim().to_owned(),
        }
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(word: &str) -> Result<Self, UnknownKind> {
        Self::ALL
            .into_iter()
            .find(|one| one.as_str() == word)
            .ok_or(UnknownKind)
    }
}
