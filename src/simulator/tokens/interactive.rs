//! Decisions of an interactive sign-in that pages and the JSON interface share: who may come in, whether policies let
//! them, and what consent is still wanted.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::refresh::second_factor;
use super::scope::Scopes;
use crate::simulator::aadsts::{self, Aadsts};
use crate::simulator::directory::{
    App, DeviceCodeBlock, Mfa, SignIn, State, Tenant, User, Wanted, may_consent_for_all,
    may_consent_for_self, missing,
};

/// A person who has proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    pub user: Uuid,
    /// The tenant the tokens are for.
    pub tenant: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub mfa_at: Option<OffsetDateTime>,
}

/// How the sign-in was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    DeviceCode,
    Browser,
}

/// What stands between a signed-in person and their tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsentStep {
    Nothing,
    /// The consent page; `for_all`: with the tick "Consent on behalf of your organization".
    Ask {
        wanted: Vec<Wanted>,
        for_all: bool,
    },
    /// An administrator is needed; with the workflow the request can be sent from here.
    Approval {
        wanted: Vec<Wanted>,
        workflow: bool,
    },
}

/// Find who `upn` is and into which tenant they go, before any password.
pub fn admit<'a>(
    state: &'a State,
    app: &App,
    tenant: Option<Uuid>,
    upn: &str,
) -> Result<(&'a User, &'a Tenant), Aadsts> {
    let user = state.user_by_upn(upn).ok_or_else(|| {
        let name = tenant.and_then(|id| state.tenants.get(&id));
        aadsts::user_unknown(name.map_or("organizations", |t| &t.name))
    })?;
    let tenant = state.live_tenant(tenant.unwrap_or(user.tenant))?;
    if !user.is_in(tenant.id) {
        return Err(aadsts::user_of_other_tenant(
            user.tenant,
            &tenant.name,
            app.client_id,
            &app.name,
        ));
    }
    if !user.enabled {
        return Err(aadsts::user_disabled());
    }
    if !app.multi_tenant && app.home_tenant != Some(tenant.id) {
        return Err(aadsts::app_unknown(
            &app.client_id.to_string(),
            &tenant.name,
        ));
    }
    let disabled = |p: &crate::simulator::directory::Principal| !p.enabled;
    if tenant.principals.get(&app.client_id).is_some_and(disabled) {
        return Err(aadsts::app_disabled(app.client_id, &app.name));
    }
    Ok((user, tenant))
}

/// Whether a second factor is asked for in the browser.
pub fn asks_second_factor(user: &User, tenant: &Tenant) -> bool {
    user.mfa == Mfa::Enrolled || tenant.policies.require_mfa
}

/// Conditional Access as the browser meets it, after password and second factor. A refusal goes into the sign-in log.
pub fn pass_policies(
    state: &mut State,
    app: &App,
    signed_in: &SignedIn,
    flow: Flow,
    correlation_id: Uuid,
) -> Result<(), Aadsts> {
    let tenant = state.live_tenant(signed_in.tenant)?;
    let user = state
        .users
        .get(&signed_in.user)
        .ok_or_else(|| aadsts::user_deleted(signed_in.user, signed_in.tenant))?;
    let policies = &tenant.policies;
    let blocked = policies.ca_block_location
        || (flow == Flow::DeviceCode && policies.block_device_code == DeviceCodeBlock::Browser);
    let refusal = if blocked {
        Some(aadsts::blocked_by_conditional_access())
    } else if flow == Flow::Browser && policies.compliant_device {
        Some(aadsts::device_not_compliant())
    } else {
        let resource = crate::simulator::directory::Resource::Graph;
        second_factor(tenant, user, signed_in.mfa_at, resource).err()
    };
    let line = SignIn {
        id: crate::clock::random_uuid(),
        correlation_id,
        at: signed_in.at,
        upn: user.upn.clone(),
        oid: user.oid,
        client: app.client_id,
        code: refusal.as_ref().map_or(0, |r| r.code),
        reason: refusal
            .as_ref()
            .map_or_else(String::new, |r| r.text.clone()),
        device_code: flow == Flow::DeviceCode,
    };
    if let Some(tenant) = state.tenants.get_mut(&signed_in.tenant) {
        tenant.record(line);
    }
    refusal.map_or(Ok(()), Err)
}

/// What consent `scopes` still need from this person.
pub fn consent_step(
    tenant: &Tenant,
    user: &User,
    app: &App,
    scopes: &Scopes,
) -> Result<ConsentStep, Aadsts> {
    let wanted = missing(tenant, user.oid, app, scopes)?;
    if wanted.is_empty() {
        return Ok(ConsentStep::Nothing);
    }
    let for_all = may_consent_for_all(user, tenant, &wanted);
    Ok(if for_all || may_consent_for_self(app, &wanted) {
        ConsentStep::Ask { wanted, for_all }
    } else {
        ConsentStep::Approval {
            wanted,
            workflow: tenant.approval_workflow,
        }
    })
}
