//! Whether there is still a reason to ask a tenant, and on which terms.

use time::OffsetDateTime;

use crate::domain::campaign::store::Left;
use crate::domain::campaign::{Campaign, Reason};
use crate::domain::connection::{self, Mode, Row, ShownState};
use crate::domain::diagnosis::Method as ObtainedBy;
use crate::domain::invitation::{InvitationInput, Method, Terms};
use crate::domain::op::{Op, Scope};
use crate::domain::tenant::{self, Tenant, TenantState};
use crate::storage::TenantId;

/// What becomes of somebody whose turn it is.
pub(super) enum Fate {
    Ask(Terms),
    /// Not asked, and why.
    Leave(Left, &'static str),
}

const fn fails(why: &'static str) -> Fate {
    Fate::Leave(Left::Failed, why)
}

const fn spared(why: &'static str) -> Fate {
    Fate::Leave(Left::Stopped, why)
}

/// Look at the tenant as it stands.
pub(super) async fn fate(
    op: &mut Op,
    campaign: &Campaign,
    id: TenantId,
) -> Result<Fate, sqlx::Error> {
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
    now: OffsetDateTime,
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
        Reason::Move if works && (by_browser || app_only) => {
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
    let typed = InvitationInput {
        invitation_email: tenant.invitation_email.clone(),
        admin_username: tenant.admin_username.clone(),
        method: method.as_str().to_owned(),
        validity_hours: campaign.validity(now).whole_hours().to_string(),
        lasting: campaign.reason == Reason::Move,
    };
    match typed.parse() {
        Ok(terms) => Fate::Ask(terms),
        Err(_) => fails("The mail address or the administrator's name is not usable"),
    }
}
