//! Ask one tenant, or remind it. The link is sealed by the keeper before the transaction; in it the campaign's row is locked,
//! the tenant claimed, the invitation made and the mail queued: all or nothing.

use time::Duration;

use super::{Runner, Step, count_mail};
use crate::domain::campaign::store::{self, Come, DueReminder};
use crate::domain::campaign::{Campaign, Reason, Stage, named};
use crate::domain::connection::{self, Mode, Row, ShownState};
use crate::domain::customer_mail::{self, Kind, MailTemplate, NewMail, Queued};
use crate::domain::diagnosis::Method as ObtainedBy;
use crate::domain::invitation::{
    self, CreateError, InvitationInput, Method, NewInvitation, SealedLink, Terms,
};
use crate::domain::op::{Op, Scope};
use crate::domain::tenant::{self, Tenant, TenantState};
use crate::language::Language;
use crate::storage::{InvitationId, TenantId};

/// What becomes of somebody whose turn it is.
enum Fate {
    Ask(Terms),
    /// The row's state, and why.
    Leave(&'static str, &'static str),
}

const fn fails(why: &'static str) -> Fate {
    Fate::Leave("failed", why)
}

const fn spared(why: &'static str) -> Fate {
    Fate::Leave("stopped", why)
}

impl Runner {
    pub(super) async fn ask(&self, campaign: &Campaign, id: TenantId) -> Result<Step, sqlx::Error> {
        let mut op = self.begin().await?;
        let fate = fate(&mut op, campaign, id).await?;
        drop(op);
        let terms = match fate {
            Fate::Ask(terms) => terms,
            Fate::Leave(state, why) => return self.leave(campaign, id, state, why).await,
        };
        let Ok(sealed) = invitation::seal(&self.keeper, id).await else {
            return Ok(Step::Away);
        };
        let mut op = self.begin().await?;
        let next = campaign
            .reminders
            .map(|(days, _)| op.now() + Duration::days(i64::from(days)));
        if !count_mail(&mut op, campaign).await?
            || !store::claim_waiting(&mut op, campaign.id, id, next).await?
        {
            return Ok(Step::Nothing);
        }
        let to = terms.invitation_email.clone();
        let Some(invitation) = create(&mut op, sealed, id, terms).await? else {
            // Suspended in this very instant: looked at again.
            return Ok(Step::Nothing);
        };
        let key = format!("campaign:{}", campaign.id);
        let to = (id, language(&mut op, id).await?, to);
        let mail = letter(campaign, Kind::Campaign, to, invitation, key);
        finish(op, &mail, Step::Asked).await
    }

    async fn leave(
        &self,
        campaign: &Campaign,
        id: TenantId,
        state: &str,
        why: &str,
    ) -> Result<Step, sqlx::Error> {
        let mut op = self.begin().await?;
        // Locked, so that a stop comes before or after.
        if store::lock_running(&mut op, campaign.id).await?.is_none()
            || !store::fail_waiting(&mut op, campaign.id, id, state, why).await?
        {
            return Ok(Step::Nothing);
        }
        crate::domain::audit::Entry::new("campaign.left_out")
            .tenant(id)
            .object("campaign", campaign.id)
            .detail("why", why)
            .write(&mut op)
            .await?;
        op.commit().await?;
        Ok(Step::LeftOut)
    }

    pub(super) async fn remind(
        &self,
        campaign: &Campaign,
        due: DueReminder,
    ) -> Result<Step, sqlx::Error> {
        let mut op = self.begin().await?;
        let found = store::one(&mut op, campaign.id, due.tenant).await?;
        let fate = match &found {
            Some(come) if may_remind(come) => fate(&mut op, campaign, due.tenant).await?,
            // The first mail has not gone out yet.
            Some(come) if come.stage == Stage::Waiting => {
                drop(op);
                return self.put_off(campaign, due).await;
            }
            _ => spared("over"),
        };
        let Fate::Ask(terms) = fate else {
            store::end_reminders(&mut op, campaign.id, due).await?;
            op.commit().await?;
            return Ok(Step::LeftOut);
        };
        drop(op);
        let open = found
            .and_then(|come| come.invitation)
            .filter(|(_, state)| state == "open")
            .map(|(id, _)| id);
        let sealed = match open {
            Some(_) => None,
            None => match invitation::seal(&self.keeper, due.tenant).await {
                Ok(sealed) => Some(sealed),
                Err(_) => return Ok(Step::Away),
            },
        };
        let mut op = self.begin().await?;
        let (days, most) = campaign.reminders.unwrap_or((0, 0));
        let next = op.now() + Duration::days(i64::from(days));
        let next = (due.reminders + 1 < most).then_some(next);
        if !count_mail(&mut op, campaign).await?
            || !store::claim_reminder(&mut op, campaign.id, due, next).await?
        {
            return Ok(Step::Nothing);
        }
        let to = terms.invitation_email.clone();
        let invitation = match (open, sealed) {
            (Some(id), _) => Some(id),
            (None, Some(sealed)) => create(&mut op, sealed, due.tenant, terms).await?,
            (None, None) => None,
        };
        let Some(invitation) = invitation else {
            return Ok(Step::Nothing);
        };
        let key = format!("campaign:{}:r{}", campaign.id, due.reminders + 1);
        let to = (due.tenant, language(&mut op, due.tenant).await?, to);
        let mail = letter(campaign, Kind::CampaignReminder, to, invitation, key);
        finish(op, &mail, Step::Reminded).await
    }

    /// Look again in an hour.
    async fn put_off(&self, campaign: &Campaign, due: DueReminder) -> Result<Step, sqlx::Error> {
        let mut op = self.begin().await?;
        let later = op.now() + Duration::HOUR;
        store::put_off(&mut op, campaign.id, due, later).await?;
        op.commit().await?;
        Ok(Step::LeftOut)
    }
}

/// Whether a reminder may help: not whoever is through, whose address takes no mail, or whose link was withdrawn.
fn may_remind(come: &Come) -> bool {
    match come.stage {
        Stage::Sent | Stage::Opened | Stage::Started => true,
        Stage::Failed => {
            !come.why.starts_with("mail ")
                && matches!(&come.invitation, Some((_, state)) if state == "open" || state == "expired")
        }
        Stage::Waiting | Stage::Consented | Stage::Validated | Stage::Stopped => false,
    }
}

async fn create(
    op: &mut Op,
    sealed: SealedLink,
    tenant: TenantId,
    terms: Terms,
) -> Result<Option<InvitationId>, sqlx::Error> {
    let new = NewInvitation { tenant, terms };
    match invitation::create(op, Scope::one(tenant), sealed, new).await {
        Ok(created) => Ok(Some(created.id)),
        Err(CreateError::NoTenant | CreateError::NotActive) => Ok(None),
        Err(CreateError::Database(error)) => Err(error),
    }
}

/// Queue the mail and commit everything. A mail that is there already has been queued with everything else, so this comes too
/// late and is undone.
async fn finish(mut op: Op, mail: &NewMail, done: Step) -> Result<Step, sqlx::Error> {
    match customer_mail::queue(&mut op, Scope::one(mail.tenant), mail).await? {
        Queued::Queued(_) => {
            op.commit().await?;
            Ok(done)
        }
        Queued::AlreadyThere | Queued::NoTenant => Ok(Step::Nothing),
    }
}

/// The customer's language: the campaign's own sentences are put into the mail before it is written.
async fn language(op: &mut Op, tenant: TenantId) -> Result<Language, sqlx::Error> {
    let own = customer_mail::mailing(op, Scope::one(tenant), tenant).await?;
    match own.language {
        Some(language) => Ok(language),
        None => Ok(customer_mail::settings(op).await?.language),
    }
}

fn letter(
    campaign: &Campaign,
    kind: Kind,
    (tenant, language, to): (TenantId, Language, String),
    invitation: InvitationId,
    key: String,
) -> NewMail {
    let mut mail = NewMail::new(tenant, kind, to, key);
    mail.language = Some(language);
    mail.invitation = Some(invitation);
    mail.campaign = Some(campaign.id.as_uuid());
    mail.technician.clone_from(&campaign.created_by);
    mail.template = campaign
        .template
        .clone()
        .map(|(subject, body)| MailTemplate { subject, body });
    mail.named = named(campaign, language);
    mail
}

async fn fate(op: &mut Op, campaign: &Campaign, id: TenantId) -> Result<Fate, sqlx::Error> {
    let scope = Scope::one(id);
    let Some(tenant) = tenant::find(op, scope, id).await? else {
        return Ok(fails("The tenant is gone"));
    };
    if tenant.state != TenantState::Active {
        return Ok(fails("The tenant is suspended or archived"));
    }
    let Some(row) = connection::one(op, scope, id).await? else {
        return Ok(fails("The tenant is suspended or archived"));
    };
    let by_browser = match (campaign.reason, campaign.method) {
        (Reason::Move, Some(Method::AuthCode)) => connection::standing(op, scope, id)
            .await?
            .is_some_and(|one| one.obtained_by == ObtainedBy::BrowserSignIn),
        _ => false,
    };
    Ok(decide(campaign, &tenant, &row, by_browser, op.now()))
}

/// Whether there is still a reason to ask, and on which terms.
fn decide(
    campaign: &Campaign,
    tenant: &Tenant,
    row: &Row,
    by_browser: bool,
    now: time::OffsetDateTime,
) -> Fate {
    let works = matches!(
        row.state,
        ShownState::Valid | ShownState::Expiring | ShownState::Retrying
    );
    let app_only = matches!(row.connection, Some((_, Mode::AppOnly)));
    match campaign.reason {
        Reason::Expired if row.state == ShownState::Valid => {
            return spared("Not needed any more: the authorisation is valid");
        }
        Reason::Permission if works && row.permissions_lacking == 0 => {
            return spared("Not needed any more: no permission is lacking");
        }
        Reason::Move if works && by_browser => {
            return spared("Not needed any more: it has moved already");
        }
        Reason::Move if works && app_only => {
            return spared("Not needed any more: it has moved already");
        }
        _ => {}
    }
    let method = match campaign.method {
        Some(method) => method,
        None if app_only => Method::AppOnly,
        None => Method::DeviceCode,
    };
    if method == Method::AppOnly && tenant.entra_tenant_id.is_none() && tenant.domain.is_empty() {
        return fails("The customer's domain is not known");
    }
    if tenant.invitation_email.is_empty() {
        return fails("No mail address");
    }
    let hours = campaign.deadline.map_or(DEFAULT_HOURS, |end| {
        ((end - now).whole_hours() + 1).clamp(24, 720)
    });
    let typed = InvitationInput {
        invitation_email: tenant.invitation_email.clone(),
        admin_username: tenant.admin_username.clone(),
        method: method.as_str().to_owned(),
        validity_hours: hours.to_string(),
        lasting: campaign.reason == Reason::Move,
    };
    match typed.parse() {
        Ok(terms) => Fate::Ask(terms),
        Err(_) => fails("The mail address or the administrator's name is not usable"),
    }
}

/// How long a link is good without a deadline, in hours.
const DEFAULT_HOURS: i64 = 336;
