//! What holds for all mails, the MSP's own texts, and which mails a customer gets, where, and in which language.

use super::store::settings as store;
use super::template::check;
use super::{Kind, MailTemplate, TemplateErrors};
use crate::domain::audit::Entry;
use crate::domain::op::{Op, Scope};
use crate::domain::tenant::address;
use crate::language::Language;
use crate::storage::TenantId;

/// What holds for all mails to customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailSettings {
    /// Of customers that have none of their own.
    pub language: Language,
    /// So many days before it lapses an invitation is called to mind.
    pub reminder_days: i16,
}

/// Days, as typed.
pub const REMINDER_DAYS: std::ops::RangeInclusive<i16> = 1..=14;

/// Which mails a customer gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailing {
    /// None: the installation's.
    pub language: Option<Language>,
    /// Empty: where invitations go.
    pub to_address: String,
    pub reminder: bool,
    pub completed: bool,
    pub about_to_expire: bool,
}

impl Default for Mailing {
    fn default() -> Self {
        Self {
            language: None,
            to_address: String::new(),
            reminder: false,
            completed: true,
            about_to_expire: false,
        }
    }
}

impl Mailing {
    /// As it is kept, or what is wrong with the address that was typed.
    pub fn checked(&self) -> Result<Self, String> {
        let to_address = address("invitation_email", &self.to_address);
        Ok(Self {
            to_address: to_address.map_err(|error| error.message)?,
            ..self.clone()
        })
    }
}

pub async fn settings(op: &mut Op) -> Result<MailSettings, sqlx::Error> {
    store::settings(op).await
}

pub async fn change_settings(op: &mut Op, new: MailSettings) -> Result<(), sqlx::Error> {
    store::change_settings(op, new).await?;
    Entry::new("mail_settings.changed")
        .detail("days", new.reminder_days)
        .detail("kind", new.language.as_str())
        .write(op)
        .await
}

/// What a customer gets; the usual when nothing was said, or the tenant is out of scope.
pub async fn mailing(op: &mut Op, scope: Scope, tenant: TenantId) -> Result<Mailing, sqlx::Error> {
    Ok(store::mailing(op, scope, tenant).await?.unwrap_or_default())
}

/// The language of mails to this customer: its own, or the installation's.
pub async fn language(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Language, sqlx::Error> {
    match mailing(op, scope, tenant).await?.language {
        Some(language) => Ok(language),
        None => Ok(settings(op).await?.language),
    }
}

/// Set it; false when the tenant is archived or out of scope.
pub async fn set_mailing(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    new: &Mailing,
) -> Result<bool, sqlx::Error> {
    if !store::set_mailing(op, scope, tenant, new).await? {
        return Ok(false);
    }
    Entry::new("tenant.mailing_set")
        .tenant(tenant)
        .object("tenant", tenant)
        .detail("to", new.to_address.as_str())
        .detail("kind", new.language.map_or("", Language::as_str))
        .write(op)
        .await?;
    Ok(true)
}

/// The text of a kind: the MSP's own, or the product's; and whether it is the MSP's.
pub async fn text(
    op: &mut Op,
    kind: Kind,
    language: Language,
) -> Result<(MailTemplate, bool), sqlx::Error> {
    let own = store::text(op, kind, language).await?;
    Ok(match own {
        Some(own) => (own, true),
        None => (kind.default_template(language), false),
    })
}

/// Kinds and languages that have a text of the MSP's own.
pub async fn own_texts(op: &mut Op) -> Result<Vec<(String, String)>, sqlx::Error> {
    store::own_texts(op).await
}

/// Why a text was not taken.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    #[error("the text is not fit to be sent")]
    Wrong(TemplateErrors),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Give a kind a text of the MSP's own.
pub async fn set_text(
    op: &mut Op,
    kind: Kind,
    language: Language,
    template: &MailTemplate,
) -> Result<(), TextError> {
    let template = check(kind, template).map_err(TextError::Wrong)?;
    store::set_text(op, kind, language, Some(&template)).await?;
    note_text(op, "mail_text.changed", kind, language).await?;
    Ok(())
}

/// Back to the product's text.
pub async fn reset_text(op: &mut Op, kind: Kind, language: Language) -> Result<(), sqlx::Error> {
    store::set_text(op, kind, language, None).await?;
    note_text(op, "mail_text.reset", kind, language).await
}

async fn note_text(
    op: &mut Op,
    action: &'static str,
    kind: Kind,
    language: Language,
) -> Result<(), sqlx::Error> {
    Entry::new(action)
        .object(
            "mail_text",
            format!("{} {}", kind.as_str(), language.as_str()),
        )
        .write(op)
        .await
}
