//! Redeeming a refresh token: the checks in Entra's order, rotation by mode, and the same checks without a redemption
//! for the ledger.

use std::collections::BTreeSet;

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::ledger::{Class, Origin, RefreshToken};
use super::scope::Scopes;
use crate::simulator::aadsts::{self, Aadsts};
use crate::simulator::directory::{
    App, DeviceCodeBlock, Mode, Realm, Resource, State, Tenant, User, contains_all,
};

/// A refresh token dies after so long without use.
const IDLE_LIMIT: Duration = Duration::days(90);
/// Tokens of federated users whose password changes Entra cannot see live so long from sign-in.
const FEDERATED_LIMIT: Duration = Duration::hours(12);

/// A grant that passed every check: for whom and for what tokens are to be made.
#[derive(Clone, Debug)]
pub struct Redeemed {
    /// The tenant the tokens are for.
    pub tenant: Uuid,
    pub origin: Origin,
    pub scopes: Scopes,
    pub granted: BTreeSet<String>,
    pub refresh_token: Option<String>,
    pub nonce: Option<String>,
}

/// Redeem `value` for tokens of `tenant`. The client credential has been checked; `class` says whether there was one.
pub fn refresh(
    state: &mut State,
    tenant: Option<Uuid>,
    app: &App,
    class: Class,
    value: &str,
    scopes: Scopes,
    now: OffsetDateTime,
) -> Result<Redeemed, Aadsts> {
    let token = state
        .ledger
        .find(value)
        .ok_or_else(aadsts::grant_malformed)?;
    let origin = token.origin.clone();
    let tenant = tenant.unwrap_or(origin.tenant);
    match (origin.class, class) {
        (Class::Public, Class::Confidential) => return Err(aadsts::public_with_credential()),
        (Class::Confidential, Class::Public) => return Err(aadsts::no_credential()),
        _ => {}
    }
    if origin.client != app.client_id {
        return Err(aadsts::grant_malformed());
    }
    let mode = state.settings.mode;
    let checked = check(state, token, tenant, scopes.resource, now);
    if mode == Mode::Family && is_superseded(token, mode, now) {
        state.ledger.revoke_family(origin.family);
    }
    checked?;
    let granted = for_user(state.live_tenant(tenant)?, origin.user, app, &scopes)?;
    let refresh_token = scopes
        .wants("offline_access")
        .then(|| state.ledger.issue(origin.clone(), now));
    let rotated = refresh_token.is_some();
    if let Some(token) = state.ledger.find_mut(value) {
        token.last_used = now;
        token.uses += 1;
        if rotated {
            token.superseded_at.get_or_insert(now);
        }
    }
    Ok(Redeemed {
        tenant,
        origin,
        scopes,
        granted,
        refresh_token,
        nonce: None,
    })
}

/// Whether a refresh with `token` in its own tenant would succeed for some resource that was consented to.
pub fn vitality(state: &State, token: &RefreshToken, now: OffsetDateTime) -> Result<(), Aadsts> {
    let origin = &token.origin;
    check(state, token, origin.tenant, Resource::Graph, now)?;
    let tenant = state.live_tenant(origin.tenant)?;
    let app = state.app(&origin.client.to_string(), &tenant.name)?;
    let consented = |r: Resource| {
        !tenant.is_resource_off(r) && !tenant.granted(origin.client, origin.user, r).is_empty()
    };
    if Resource::ALL.into_iter().any(consented) {
        Ok(())
    } else {
        Err(aadsts::consent_missing(app.client_id, &app.name))
    }
}

/// The scopes of `scopes.resource` that `app` has for `user` and that tokens are issued with.
pub fn for_user(
    tenant: &Tenant,
    user: Uuid,
    app: &App,
    scopes: &Scopes,
) -> Result<BTreeSet<String>, Aadsts> {
    let granted = tenant.granted(app.client_id, user, scopes.resource);
    if granted.is_empty() || !contains_all(&granted, &scopes.names) {
        return Err(aadsts::consent_missing(app.client_id, &app.name));
    }
    resource_is_on(tenant, scopes.resource)?;
    Ok(granted)
}

/// The application permissions that app-only tokens of `resource` are issued with; the tenant's service principal and
/// the resource are checked on the way.
pub fn for_app(tenant: &Tenant, app: &App, resource: Resource) -> Result<BTreeSet<String>, Aadsts> {
    let principal = tenant
        .principals
        .get(&app.client_id)
        .ok_or_else(|| aadsts::principal_missing(app.client_id, &tenant.id.to_string()))?;
    if !principal.enabled {
        return Err(aadsts::app_disabled(app.client_id, &app.name));
    }
    resource_is_on(tenant, resource)?;
    Ok(tenant.roles_granted(app.client_id, resource))
}

/// The checks from the service principal to Conditional Access, in the order of entra.md section 15.
fn check(
    state: &State,
    token: &RefreshToken,
    tenant: Uuid,
    resource: Resource,
    now: OffsetDateTime,
) -> Result<(), Aadsts> {
    let origin = &token.origin;
    let tenant = state.live_tenant(tenant)?;
    service_principal(state, tenant, origin.client)?;
    not_superseded(state, token, now)?;
    let user = account(state, tenant, origin)?;
    lifetime(state, user, token, now)?;
    policies(tenant, user, token, resource, now)
}

fn service_principal(state: &State, tenant: &Tenant, client: Uuid) -> Result<(), Aadsts> {
    let app = state.app(&client.to_string(), &tenant.name)?;
    match tenant.principals.get(&client) {
        None => Err(aadsts::app_unknown(&client.to_string(), &tenant.name)),
        Some(principal) if !principal.enabled => Err(aadsts::app_disabled(client, &app.name)),
        Some(_) => Ok(()),
    }
}

fn not_superseded(state: &State, token: &RefreshToken, now: OffsetDateTime) -> Result<(), Aadsts> {
    let dead = state.ledger.is_family_revoked(token.origin.family)
        || is_superseded(token, state.settings.mode, now);
    if dead {
        return Err(aadsts::grant_malformed());
    }
    Ok(())
}

/// Whether the mode counts `token` as dead because a newer one took its place.
fn is_superseded(token: &RefreshToken, mode: Mode, now: OffsetDateTime) -> bool {
    let Some(at) = token.superseded_at else {
        return false;
    };
    match mode {
        Mode::Entra => false,
        Mode::Grace => now - at > Duration::seconds(crate::simulator::directory::GRACE_SECONDS),
        Mode::Strict | Mode::Family => true,
    }
}

fn account<'a>(state: &'a State, tenant: &Tenant, origin: &Origin) -> Result<&'a User, Aadsts> {
    let user = state
        .users
        .get(&origin.user)
        .filter(|u| !u.deleted)
        .ok_or_else(|| aadsts::user_deleted(origin.user, origin.tenant))?;
    if !user.enabled {
        return Err(aadsts::user_disabled());
    }
    if !user.is_in(tenant.id) {
        let app = state.app(&origin.client.to_string(), &tenant.name)?;
        return Err(aadsts::user_of_other_tenant(
            user.tenant,
            &tenant.name,
            app.client_id,
            &app.name,
        ));
    }
    Ok(user)
}

fn lifetime(
    state: &State,
    user: &User,
    token: &RefreshToken,
    now: OffsetDateTime,
) -> Result<(), Aadsts> {
    let signed_in_at = token.origin.signed_in_at;
    if let Some(valid_from) = user.tokens_valid_from
        && signed_in_at < valid_from
    {
        return Err(aadsts::revoked(signed_in_at, valid_from));
    }
    if now - token.last_used > IDLE_LIMIT {
        return Err(aadsts::idle(token.issued_at));
    }
    let home = state.live_tenant(user.tenant)?;
    let unseen_passwords = Realm::Federated {
        password_change_synced: false,
    };
    if home.realm == unseen_passwords && now - signed_in_at > FEDERATED_LIMIT {
        return Err(aadsts::twelve_hours_over(signed_in_at));
    }
    Ok(())
}

fn policies(
    tenant: &Tenant,
    user: &User,
    token: &RefreshToken,
    resource: Resource,
    now: OffsetDateTime,
) -> Result<(), Aadsts> {
    let policies = &tenant.policies;
    let origin = &token.origin;
    // For confidential clients the check is put off until the next interactive sign-in.
    if let Some(seconds) = policies.sif_seconds
        && origin.class == Class::Public
        && now - origin.signed_in_at > Duration::seconds(seconds)
    {
        return Err(aadsts::sign_in_frequency(origin.signed_in_at, seconds));
    }
    if origin.device_code && policies.block_device_code != DeviceCodeBlock::Off {
        return Err(aadsts::device_code_token_blocked());
    }
    if policies.ca_block_location {
        return Err(aadsts::blocked_by_conditional_access());
    }
    if policies.compliant_device {
        return Err(aadsts::device_not_compliant());
    }
    second_factor(tenant, user, origin.mfa_at, resource)
}

/// Whether the second factor shown at `mfa_at` satisfies the tenant.
pub fn second_factor(
    tenant: &Tenant,
    user: &User,
    mfa_at: Option<OffsetDateTime>,
    resource: Resource,
) -> Result<(), Aadsts> {
    let policies = &tenant.policies;
    let resource = resource.app_id();
    let shown_before = |limit: Option<OffsetDateTime>| {
        limit.is_some_and(|limit| mfa_at.is_none_or(|at| at < limit))
    };
    let missing =
        policies.require_mfa && (mfa_at.is_none() || shown_before(policies.mfa_required_since));
    if missing {
        return Err(match user.mfa {
            crate::simulator::directory::Mfa::None => aadsts::mfa_enrolment_required(resource),
            crate::simulator::directory::Mfa::Enrolled => aadsts::mfa_required(resource),
        });
    }
    if mfa_at.is_some() && shown_before(policies.mfa_expired_before) {
        return Err(aadsts::mfa_expired(resource));
    }
    Ok(())
}

/// Whether tokens of `resource` are issued in `tenant` at all.
fn resource_is_on(tenant: &Tenant, resource: Resource) -> Result<(), Aadsts> {
    if tenant.is_resource_off(resource) {
        return Err(aadsts::resource_disabled(resource.app_id()));
    }
    Ok(())
}
