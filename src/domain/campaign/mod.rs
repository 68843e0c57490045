//! A campaign: many tenants are asked to authorise us anew, for one reason, so many an hour, with reminders, until a deadline.
//! Each tenant gets an invitation and a mail, both in one transaction, so that nobody is mailed twice whatever dies when. How
//! far each has come is read from the mail, the invitation, the attempts and the checks (SQL function `campaign_board`).

mod acts;
mod create;
mod input;
mod pace;
mod run;
mod store;
mod words;

use std::str::FromStr;

use time::{Date, Duration, OffsetDateTime};

use super::alert;
use super::customer_mail::MailTemplate;
use super::invitation::Method;
use super::op::{Op, Scope};
use crate::storage::{CampaignId, InvitationId, TenantId};

pub use acts::{ActError, Stopped, discard, pause, pause_all, resume, retry, start, stop};
pub use create::{CreateError, create};
pub use input::{CampaignInput, NewCampaign};
pub use pace::Pace;
pub use run::{Runner, Swept};
pub use store::{Counts, Outlook, RowFilter};
pub use words::named;

/// Most tenants of one campaign.
pub const MOST_TENANTS: usize = 10_000;

/// Why customers are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The authorisation has ended, or soon will.
    Expired,
    /// A permission is needed that it does not cover.
    Permission,
    /// From the device code to a way that lasts longer.
    Move,
    /// By a date, whatever its standing.
    Deadline,
}

impl Reason {
    pub const ALL: [Self; 4] = [Self::Expired, Self::Permission, Self::Move, Self::Deadline];

    /// As stored and in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Permission => "permission",
            Self::Move => "move",
            Self::Deadline => "deadline",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Expired => "Authorisation expired",
            Self::Permission => "New permission needed",
            Self::Move => "Move to a sign-in that lasts longer",
            Self::Deadline => "Renewal by a date",
        }
    }
}

/// A word that means nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such word")]
pub struct UnknownWord;

impl FromStr for Reason {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == word);
        found.ok_or(UnknownWord)
    }
}

/// How a campaign stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// To be looked at before it starts; nobody is mailed.
    Draft,
    Running,
    Paused,
    /// Ended by a technician.
    Stopped,
    /// Nobody is left to ask, or its deadline has passed.
    Done,
}

impl State {
    pub const ALL: [Self; 5] = [
        Self::Draft,
        Self::Running,
        Self::Paused,
        Self::Stopped,
        Self::Done,
    ];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Done => "done",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::Running => "Running",
            Self::Paused => "Paused",
            Self::Stopped => "Stopped",
            Self::Done => "Done",
        }
    }
}

impl FromStr for State {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == word);
        found.ok_or(UnknownWord)
    }
}

/// How far a tenant of a campaign has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Not mailed yet.
    Waiting,
    /// The mail server took the mail.
    Sent,
    /// Somebody opened the link and pressed on.
    Opened,
    /// An attempt to sign in has begun.
    Started,
    /// The authorisation is given.
    Consented,
    /// And every check has passed.
    Validated,
    Failed,
    Stopped,
}

impl Stage {
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Sent,
        Self::Opened,
        Self::Started,
        Self::Consented,
        Self::Validated,
        Self::Failed,
        Self::Stopped,
    ];

    /// As `campaign_board` says it, and in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Opened => "opened",
            Self::Started => "started",
            Self::Consented => "consented",
            Self::Validated => "validated",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Sent => "Sent",
            Self::Opened => "Opened",
            Self::Started => "Started",
            Self::Consented => "Consented",
            Self::Validated => "Validated",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
        }
    }
}

impl FromStr for Stage {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == word);
        found.ok_or(UnknownWord)
    }
}

/// A campaign as it was made and as it stands.
#[derive(Clone, Debug)]
pub struct Campaign {
    pub id: CampaignId,
    pub name: String,
    pub reason: Reason,
    /// None: as each tenant does now.
    pub method: Option<Method>,
    /// Why, in own words; empty: the reason's sentence.
    pub sentence: String,
    /// Subject and body of its own.
    pub template: Option<MailTemplate>,
    pub pace: Pace,
    pub deadline: Option<OffsetDateTime>,
    /// Every so many days, at most so many; none for none.
    pub reminders: Option<(i16, i16)>,
    pub state: State,
    /// Who made it; empty when nobody in particular.
    pub created_by: String,
    pub created_at: OffsetDateTime,
    pub started_at: Option<OffsetDateTime>,
    pub ended_at: Option<OffsetDateTime>,
    pub end_reason: String,
    pub next_send_at: Option<OffsetDateTime>,
    /// Tenants of it that whoever asks may see.
    pub tenants: i64,
    /// Whether these are all: only then it may be started, paused and stopped.
    pub is_whole: bool,
}

/// How long a link is good without a deadline, in hours.
const USUAL_HOURS: i64 = 336;

impl Campaign {
    /// The day named as its deadline: the last one on which somebody is asked, by the clock of its zone.
    pub fn last_day(&self) -> Option<Date> {
        // The end of a day is the beginning of the next.
        let end = self.deadline? - Duration::SECOND;
        Some(self.pace.zone.local(end).date())
    }

    /// How long a link lasts that goes out now: to the deadline, or two weeks.
    pub fn validity(&self, now: OffsetDateTime) -> Duration {
        let hours = self.deadline.map_or(USUAL_HOURS, |end| {
            ((end - now).whole_hours() + 1).clamp(24, 720)
        });
        Duration::hours(hours)
    }

    /// Whether it may still mail somebody.
    pub const fn is_live(&self) -> bool {
        matches!(self.state, State::Running | State::Paused)
    }

    /// Whether those that could not be asked may be tried again: nobody has stopped it, and its deadline is still to come.
    pub fn may_try_again(&self, now: OffsetDateTime) -> bool {
        let over = self.deadline.is_some_and(|end| end <= now);
        !over && (self.is_live() || self.state == State::Done)
    }
}

/// Which campaigns are listed; everything that is set must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub state: Option<State>,
    pub reason: Option<Reason>,
}

/// One tenant of a campaign.
#[derive(Clone, Debug)]
pub struct BoardRow {
    pub tenant_id: TenantId,
    pub short_name: String,
    pub full_name: String,
    /// Where its invitations go; empty when there is no address.
    pub email: String,
    pub stage: Stage,
    pub since: OffsetDateTime,
    /// What is special, as people read it; empty when nothing is.
    pub why: String,
    pub last_mail_at: Option<OffsetDateTime>,
    pub next_reminder_at: Option<OffsetDateTime>,
    pub reminders: i32,
    pub invitation: Option<InvitationId>,
}

/// Campaigns with a tenant that the scope reaches, newest first; at most `limit` after leaving out `offset`. Also how many
/// there are.
pub async fn list(
    op: &mut Op,
    scope: Scope,
    limit: i64,
    offset: i64,
) -> Result<(Vec<Campaign>, i64), sqlx::Error> {
    store::list(op, scope, limit, offset).await
}

/// The same campaigns in the same order, for whoever goes on after the last one they have: its instant of making and its id.
pub async fn after(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    last: Option<(OffsetDateTime, CampaignId)>,
    limit: i64,
) -> Result<Vec<Campaign>, sqlx::Error> {
    store::page(op, scope, filter, last, (limit, 0)).await
}

/// One campaign; none when it has no tenant that the scope reaches.
pub async fn get(
    op: &mut Op,
    scope: Scope,
    id: CampaignId,
) -> Result<Option<Campaign>, sqlx::Error> {
    store::find(op, scope, id).await
}

/// By whose clock the next campaign is probably meant: that of the last one, or that of a rule for alerts with quiet hours.
pub async fn usual_zone(op: &mut Op) -> Result<String, sqlx::Error> {
    if let Some(zone) = store::newest_zone(op).await? {
        return Ok(zone);
    }
    let rules = alert::rules(op).await?;
    let quiet = rules.into_iter().find_map(|rule| rule.quiet);
    Ok(quiet.map_or_else(|| "UTC".to_owned(), |quiet| quiet.zone))
}

/// How many tenants are at each stage, of those within the scope.
pub async fn counts(op: &mut Op, scope: Scope, id: CampaignId) -> Result<Counts, sqlx::Error> {
    store::counts(op, scope, id).await
}

/// Tenants of a campaign by short name, and how many there are under the filter.
pub async fn board(
    op: &mut Op,
    scope: Scope,
    id: CampaignId,
    filter: &RowFilter,
    limit: i64,
    offset: i64,
) -> Result<(Vec<BoardRow>, i64), sqlx::Error> {
    store::board(op, scope, id, filter, limit, offset).await
}

/// Tenants of a campaign by short name, for whoever goes on after this name; empty for the first.
pub async fn board_after(
    op: &mut Op,
    scope: Scope,
    id: CampaignId,
    filter: &RowFilter,
    last: &str,
    limit: i64,
) -> Result<Vec<BoardRow>, sqlx::Error> {
    store::board_after(op, scope, id, filter, last, limit).await
}

/// How many could not be asked, and would be tried again.
pub async fn not_asked(op: &mut Op, id: CampaignId) -> Result<i64, sqlx::Error> {
    store::not_asked(op, id).await
}

/// How many other campaigns with tenants within the scope have this one's name and are not over.
pub async fn namesakes(op: &mut Op, scope: Scope, campaign: &Campaign) -> Result<i64, sqlx::Error> {
    store::namesakes(op, scope, campaign.id, &campaign.name).await
}

/// Who of the tenants within the scope would be asked if the draft were started now, and who not.
pub async fn outlook(op: &mut Op, scope: Scope, id: CampaignId) -> Result<Outlook, sqlx::Error> {
    store::outlook(op, scope, id).await
}
