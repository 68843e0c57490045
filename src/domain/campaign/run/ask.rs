//! Ask one tenant. The link is sealed by the keeper before the transaction; in it the campaign's row is locked, the tenant
//! claimed, the invitation made and the mail queued: all or nothing.

use time::Duration;

use super::fate::{Fate, fate};
use super::{Runner, Step, count_mail};
use crate::domain::audit::Entry;
use crate::domain::campaign::store::{self, Left};
use crate::domain::campaign::{Campaign, named};
use crate::domain::customer_mail::{self, Kind, NewMail, Queued};
use crate::domain::invitation::{self, CreateError, NewInvitation, SealedLink, Terms};
use crate::domain::op::{Op, Scope};
use crate::storage::{InvitationId, TenantId};

const ELSEWHERE: &str = "Another campaign has asked already, and its link still works";

impl Runner {
    pub(super) async fn ask(&self, campaign: &Campaign, id: TenantId) -> Result<Step, sqlx::Error> {
        let mut op = self.begin().await?;
        let fate = match fate(&mut op, campaign, id).await? {
            Fate::Ask(_) if store::asked_elsewhere(&mut op, campaign.id, id).await? => {
                Fate::Leave(Left::Failed, ELSEWHERE)
            }
            fate => fate,
        };
        drop(op);
        let terms = match fate {
            Fate::Ask(terms) => terms,
            Fate::Leave(left, why) => return self.leave(campaign, id, left, why).await,
        };
        let Ok(sealed) = invitation::seal(&self.keeper, id).await else {
            return Ok(Step::Away);
        };
        let mut op = self.begin().await?;
        let next = campaign
            .reminders
            .map(|(days, _)| op.now() + Duration::days(days.into()));
        if !count_mail(&mut op, campaign).await?
            || !store::claim_waiting(&mut op, campaign.id, id, next).await?
            // In this very instant: found in the next turn.
            || store::asked_elsewhere(&mut op, campaign.id, id).await?
        {
            return Ok(Step::Nothing);
        }
        let key = format!("campaign:{}", campaign.id);
        let mail = NewMail::new(id, Kind::Campaign, &*terms.invitation_email, key);
        match invite(&mut op, sealed, id, terms).await? {
            Some(invitation) => finish(op, campaign, invitation, mail, Step::Asked).await,
            // Suspended in this very instant: looked at again.
            None => Ok(Step::Nothing),
        }
    }

    async fn leave(
        &self,
        campaign: &Campaign,
        id: TenantId,
        left: Left,
        why: &str,
    ) -> Result<Step, sqlx::Error> {
        let mut op = self.begin().await?;
        // Locked, so that a stop comes before or after.
        if store::lock_running(&mut op, campaign.id).await?.is_none()
            || !store::leave_waiting(&mut op, campaign.id, id, left, why).await?
        {
            return Ok(Step::Nothing);
        }
        Entry::new("campaign.left_out")
            .tenant(id)
            .object("campaign", campaign.id)
            .detail("why", why)
            .write(&mut op)
            .await?;
        op.commit().await?;
        Ok(Step::LeftOut)
    }
}

/// None when the tenant is not served any more.
pub(super) async fn invite(
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

/// Queue the campaign's mail with this link and commit everything. A mail that is there already has been queued with
/// everything else, so this comes too late and is undone.
pub(super) async fn finish(
    mut op: Op,
    campaign: &Campaign,
    invitation: InvitationId,
    mail: NewMail,
    done: Step,
) -> Result<Step, sqlx::Error> {
    let scope = Scope::one(mail.tenant);
    // Told now: the campaign's own sentences are put into the mail before it is written.
    let language = customer_mail::language(&mut op, scope, mail.tenant).await?;
    let mail = NewMail {
        language: Some(language),
        invitation: Some(invitation),
        campaign: Some(campaign.id.as_uuid()),
        technician: campaign.created_by.clone(),
        template: campaign.template.clone(),
        named: named(campaign, language),
        ..mail
    };
    match customer_mail::queue(&mut op, scope, &mail).await? {
        Queued::Queued(_) => {
            op.commit().await?;
            Ok(done)
        }
        Queued::AlreadyThere | Queued::NoTenant => Ok(Step::Nothing),
    }
}
