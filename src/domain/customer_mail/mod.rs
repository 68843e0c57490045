//! Mails to customers: queued in the transaction of what they tell of, sent by a worker, each once. A worker that is killed
//! while it hands one over leaves that one mail to be sent again, under the same `Message-ID`; mail servers and readers
//! that know it show it once (RFC 5322 section 3.6.4).

pub mod brake;
mod kind;
mod letter;
mod news;
mod queue;
mod sample;
mod send;
mod settings;
mod store;
mod template;

use std::collections::BTreeMap;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::op::{Op, Scope};
use crate::language::Language;
use crate::storage::{CustomerMailId, InvitationId, TenantId};

pub use kind::Kind;
pub use news::queue_news;
pub use queue::{Queued, cancel_campaign, hold_all, is_there, queue, send_again, take_at_once};
pub use sample::sample;
pub use send::{Outcome, Sender, Swept};
pub use settings::{
    MailSettings, Mailing, REMINDER_DAYS, TextError, change_settings, language, mailing, own_texts,
    reset_text, set_mailing, set_text, settings, text,
};
pub use template::{TemplateErrors, check as check_template};

/// A mail to be queued.
#[derive(Clone, Debug)]
pub struct NewMail {
    pub tenant: TenantId,
    pub kind: Kind,
    pub to: String,
    /// None: the tenant's, as it is when the mail goes out.
    pub language: Option<Language>,
    /// Whose link it carries. The link is opened when the mail goes out; the mail is cancelled if it is no longer good then.
    pub invitation: Option<InvitationId>,
    pub campaign: Option<Uuid>,
    /// Who of the MSP sends it; empty: nobody in particular.
    pub technician: String,
    /// A text of its own; none: that of its kind.
    pub template: Option<MailTemplate>,
    /// Sentences for the placeholders `reason` and `deadline`, which its sender alone knows.
    pub named: BTreeMap<String, String>,
    /// What it is for, once per tenant: nobody is mailed twice for it.
    pub dedupe_key: String,
    /// Not sent before then; none: now.
    pub not_before: Option<OffsetDateTime>,
}

impl NewMail {
    /// A mail of this kind with the kind's text, as soon as can be.
    pub fn new(
        tenant: TenantId,
        kind: Kind,
        to: impl Into<String>,
        dedupe_key: impl Into<String>,
    ) -> Self {
        Self {
            tenant,
            kind,
            to: to.into(),
            language: None,
            invitation: None,
            campaign: None,
            technician: String::new(),
            template: None,
            named: BTreeMap::new(),
            dedupe_key: dedupe_key.into(),
            not_before: None,
        }
    }
}

/// Subject and body with placeholders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailTemplate {
    pub subject: String,
    pub body: String,
}

/// A mail that did not go out and waits for a person.
#[derive(Clone, Debug)]
pub struct Stuck {
    pub id: CustomerMailId,
    pub short_name: String,
    pub full_name: String,
    pub kind: Kind,
    pub to: String,
    /// After a restore it may have gone out already.
    pub held: bool,
    /// Why, as a technician may read it.
    pub why: String,
    pub created_at: OffsetDateTime,
}

/// The newest of those whose link, if they carry one, is still good.
pub async fn stuck(op: &mut Op, scope: Scope) -> Result<Vec<Stuck>, sqlx::Error> {
    store::stuck(op, scope).await
}

/// How a mail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailState {
    Queued,
    Sending,
    Sent,
    /// Given up, until somebody presses "Send again".
    Failed,
    /// After a restore, likewise.
    Held,
    /// What it tells of is over.
    Cancelled,
}

impl MailState {
    fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "queued" => Self::Queued,
            "sending" => Self::Sending,
            "sent" => Self::Sent,
            "failed" => Self::Failed,
            "held" => Self::Held,
            "cancelled" => Self::Cancelled,
            _ => return None,
        })
    }
}

/// A mail of a tenant, whatever became of it.
#[derive(Clone, Debug)]
pub struct Mail {
    pub id: CustomerMailId,
    pub kind: Kind,
    pub state: MailState,
    pub to: String,
    /// Why it did not go out (yet); empty when nothing is wrong.
    pub why: String,
    pub created_at: OffsetDateTime,
    pub sent_at: Option<OffsetDateTime>,
    /// "Send again" would send it.
    pub waits_for_person: bool,
}

/// The newest mails of a tenant; none when it is out of scope.
pub async fn latest(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    limit: i64,
) -> Result<Vec<Mail>, sqlx::Error> {
    store::latest(op, scope, tenant, limit).await
}

/// A mail taken to be sent, under a lease.
#[derive(Clone, Debug)]
pub struct Taken {
    pub id: CustomerMailId,
    pub tenant: TenantId,
    pub kind: Kind,
    pub to: String,
    pub language: Option<Language>,
    pub invitation: Option<InvitationId>,
    pub technician: String,
    pub template: Option<MailTemplate>,
    pub named: BTreeMap<String, String>,
    /// This one included.
    pub attempts: i32,
    pub give_up_at: OffsetDateTime,
    lease: Uuid,
}
