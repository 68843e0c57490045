//! A person's answers in one go, as pages give them step by step: sign in, pass the policies, consent. The JSON
//! interface uses this to approve without a browser.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::interactive::{
    ConsentStep, Flow, SignedIn, admit, asks_second_factor, consent_step, pass_policies,
};
use super::scope::Scopes;
use crate::simulator::aadsts::{self, Aadsts};
use crate::simulator::directory::{App, Consent, Mfa, State, Wanted, may_consent_for_all};

/// Who answers, and how far they go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub upn: String,
    #[serde(default)]
    pub consent: Willing,
}

impl Person {
    /// Somebody who consents as widely as their role allows.
    pub fn willing(upn: &str) -> Self {
        Self {
            upn: upn.to_owned(),
            consent: Willing::AsAllowed,
        }
    }
}

/// What the person does on a consent page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Willing {
    /// For the organisation where their role allows it, else for themself.
    #[default]
    AsAllowed,
    /// For themself, the tick left off.
    User,
    /// Cancel.
    Refuse,
}

/// What a client asked a person for.
pub struct Asked<'a> {
    pub app: &'a App,
    /// Absent: the tenant of whoever answers.
    pub tenant: Option<Uuid>,
    pub scopes: &'a Scopes,
    pub flow: Flow,
    pub correlation_id: Uuid,
}

/// Sign `person` in for what was asked and give the consent that is wanted.
pub fn answer(
    state: &mut State,
    asked: &Asked<'_>,
    person: &Person,
    now: OffsetDateTime,
) -> Result<SignedIn, Aadsts> {
    let Asked {
        app,
        tenant,
        scopes,
        flow,
        correlation_id,
    } = *asked;
    let (user, tenant) = admit(state, app, tenant, &person.upn)?;
    let with_mfa = asks_second_factor(user, tenant);
    let signed_in = SignedIn {
        user: user.oid,
        tenant: tenant.id,
        at: now,
        mfa_at: with_mfa.then_some(now),
    };
    if with_mfa && let Some(user) = state.users.get_mut(&signed_in.user) {
        user.mfa = Mfa::Enrolled;
    }
    pass_policies(state, app, &signed_in, flow, correlation_id)?;
    let user = state
        .users
        .get(&signed_in.user)
        .ok_or_else(|| aadsts::user_deleted(signed_in.user, signed_in.tenant))?;
    match consent_step(state.live_tenant(signed_in.tenant)?, user, app, scopes)? {
        ConsentStep::Nothing => {}
        ConsentStep::Approval { workflow: true, .. } => {
            return Err(aadsts::approval_request_needed(&app.name));
        }
        ConsentStep::Approval { .. } => return Err(aadsts::admin_approval_needed(&app.name)),
        ConsentStep::Ask { .. } if person.consent == Willing::Refuse => {
            return Err(aadsts::consent_declined());
        }
        ConsentStep::Ask { wanted, for_all } => {
            let as_allowed = person.consent == Willing::AsAllowed;
            let consent = if for_all && as_allowed {
                Consent::Organization
            } else {
                Consent::User
            };
            give(state, app.client_id, &signed_in, &wanted, consent, now);
        }
    }
    Ok(signed_in)
}

/// Record the consent that `signed_in` gave.
pub fn give(
    state: &mut State,
    client: Uuid,
    signed_in: &SignedIn,
    wanted: &[Wanted],
    consent: Consent,
    now: OffsetDateTime,
) {
    if let Some(tenant) = state.tenants.get_mut(&signed_in.tenant) {
        tenant.consent(client, signed_in.user, wanted, consent, now);
    }
}

/// Whether `signed_in` may consent to `wanted` for the whole organisation, else the refusal an admin consent page ends in.
pub fn may_consent_for_tenant(
    state: &State,
    app: &App,
    signed_in: &SignedIn,
    wanted: &[Wanted],
) -> Result<(), Aadsts> {
    let tenant = state.live_tenant(signed_in.tenant)?;
    let user = state
        .users
        .get(&signed_in.user)
        .ok_or_else(|| aadsts::user_deleted(signed_in.user, signed_in.tenant))?;
    if may_consent_for_all(user, tenant, wanted) {
        return Ok(());
    }
    Err(if tenant.approval_workflow {
        aadsts::approval_request_needed(&app.name)
    } else {
        aadsts::admin_approval_needed(&app.name)
    })
}
