//! Remind one tenant: by the link that it has, or by a new one when that has lapsed.

use time::Duration;

use super::ask::{finish, invite};
use super::fate::{Fate, fate};
use super::{Runner, Step, count_mail};
use crate::domain::campaign::store::{self, Come, DueReminder};
use crate::domain::campaign::{Campaign, Stage};
use crate::domain::customer_mail::{Kind, NewMail};
use crate::domain::invitation::{self, Terms};
use crate::storage::InvitationId;

impl Runner {
    pub(super) async fn remind(
        &self,
        campaign: &Campaign,
        due: DueReminder,
    ) -> Result<Step, sqlx::Error> {
        let mut op = self.begin().await?;
        let found = store::one(&mut op, campaign.id, due.tenant).await?;
        let fate = match &found {
            Some(come) if may_remind(come) => Some(fate(&mut op, campaign, due.tenant).await?),
            Some(come) if come.stage == Stage::Waiting => {
                drop(op);
                return self.put_off(campaign, due).await;
            }
            _ => None,
        };
        let Some(Fate::Ask(terms)) = fate else {
            store::end_reminders(&mut op, campaign.id, due).await?;
            op.commit().await?;
            return Ok(Step::LeftOut);
        };
        drop(op);
        let open = found.and_then(|come| come.invitation);
        let open = open.filter(|(_, state)| state == "open").map(|(id, _)| id);
        self.send_reminder(campaign, due, open, terms).await
    }

    async fn send_reminder(
        &self,
        campaign: &Campaign,
        due: DueReminder,
        open: Option<InvitationId>,
        terms: Terms,
    ) -> Result<Step, sqlx::Error> {
        let sealed = match open {
            Some(_) => None,
            None => match invitation::seal(&self.keeper, due.tenant).await {
                Ok(sealed) => Some(sealed),
                Err(_) => return Ok(Step::Away),
            },
        };
        let number = due.reminders + 1;
        let mut op = self.begin().await?;
        let (days, most) = campaign.reminders.unwrap_or((0, 0));
        let next = (number < most).then(|| op.now() + Duration::days(days.into()));
        if !count_mail(&mut op, campaign).await?
            || !store::claim_reminder(&mut op, campaign.id, due, next).await?
        {
            return Ok(Step::Nothing);
        }
        let key = format!("campaign:{}:r{number}", campaign.id);
        let (kind, to) = (Kind::CampaignReminder, &*terms.invitation_email);
        let mail = NewMail::new(due.tenant, kind, to, key);
        let invitation = match (open, sealed) {
            (None, Some(sealed)) => invite(&mut op, sealed, due.tenant, terms).await?,
            (open, _) => open,
        };
        match invitation {
            Some(invitation) => finish(op, campaign, invitation, mail, Step::Reminded).await,
            None => Ok(Step::Nothing),
        }
    }

    /// The first mail has not gone out yet: look again in an hour.
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
