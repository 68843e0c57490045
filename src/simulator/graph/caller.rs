//! Who calls Graph: the access token, what it allows, and every call's way from token to answer.

use axum::Json;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::problem::Problem;
use crate::simulator::directory::{Area, FaultKind, Resource, State, Tenant, User};
use crate::simulator::site::{Call, Site};
use crate::simulator::tokens::AccessClaims;
use crate::simulator::wire::{identify, interrupt, spoil};

/// A caller whose token was accepted.
pub struct Caller {
    pub claims: AccessClaims,
}

impl Caller {
    fn accept(site: &Site, call: &Call, headers: &HeaderMap) -> Result<Self, Problem> {
        let header = headers.get(AUTHORIZATION).and_then(|h| h.to_str().ok());
        let token = header
            .and_then(|h| h.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .filter(|token| !token.is_empty())
            .ok_or_else(|| Problem::token("Access token is empty."))?;
        let claims: AccessClaims = site.keys.open(token).ok_or_else(|| {
            Problem::token("CompactToken parsing failed with error code: 80049217")
        })?;
        if claims.aud != Resource::Graph.identifier() {
            return Err(Problem::token(
                "Access token validation failure. Invalid audience.",
            ));
        }
        if call.now.unix_timestamp() >= claims.exp {
            return Err(Problem::token(
                "Lifetime validation failed, the token is expired.",
            ));
        }
        if claims.oid.is_none() {
            return Err(Problem::identity_not_found());
        }
        let caller = Self { claims };
        site.directory.read(|state| caller.still_stands(state))?;
        Ok(caller)
    }

    /// Continuous access evaluation: tokens of clients that handle challenges end when the account changes.
    fn still_stands(&self, state: &State) -> Result<(), Problem> {
        if self.claims.xms_cc.is_empty() {
            return Ok(());
        }
        let user = self.claims.oid.and_then(|oid| state.users.get(&oid));
        let since = user.and_then(|u| u.tokens_valid_from);
        let revoked = since.is_some_and(|since| self.claims.iat < since.unix_timestamp());
        let gone = user.is_some_and(|u| u.deleted || !u.enabled);
        if revoked || gone {
            let not_before = since.map_or(self.claims.iat + 1, OffsetDateTime::unix_timestamp);
            return Err(Problem::challenge(not_before));
        }
        Ok(())
    }

    /// Whether the token carries one of `permissions`, delegated or application.
    pub fn has(&self, permissions: &[&str]) -> bool {
        let delegated = self.claims.scp.as_deref().unwrap_or_default();
        let roles = self.claims.roles.iter().flatten().map(String::as_str);
        delegated
            .split(' ')
            .chain(roles)
            .any(|held| permissions.iter().any(|p| p.eq_ignore_ascii_case(held)))
    }

    pub fn need(&self, permissions: &[&str]) -> Result<(), Problem> {
        if self.has(permissions) {
            Ok(())
        } else {
            Err(Problem::denied())
        }
    }

    /// The signed-in user; app-only tokens have none.
    pub fn user<'a>(&self, state: &'a State) -> Result<&'a User, Problem> {
        if self.claims.idtyp != "user" {
            return Err(Problem::bad_request(
                "/me request is only valid with delegated authentication flow.",
            ));
        }
        self.claims
            .oid
            .and_then(|oid| state.users.get(&oid))
            .filter(|u| !u.deleted)
            .ok_or_else(|| Problem::not_found("me"))
    }

    /// The tenant of the token, to be changed.
    pub fn tenant_mut<'a>(&self, state: &'a mut State) -> Result<&'a mut Tenant, Problem> {
        self.tenant(state)?;
        let tid = self.claims.tid;
        let found = state.tenants.get_mut(&tid);
        found.ok_or_else(|| Problem::not_found(&tid.to_string()))
    }

    /// The tenant of the token.
    pub fn tenant<'a>(&self, state: &'a State) -> Result<&'a Tenant, Problem> {
        state
            .live_tenant(self.claims.tid)
            .map_err(|_| Problem::not_found(&self.claims.tid.to_string()))
    }
}

/// Serve one Graph call: faults, token, then `work` on the directory.
pub async fn serve(
    site: &Site,
    call: &Call,
    headers: &HeaderMap,
    work: impl FnOnce(&Caller, &State) -> Result<Value, Problem>,
) -> Response {
    answer(site, call, headers, |caller| {
        let done = site.directory.read(|state| work(caller, state));
        done.map(|body| Json(body).into_response())
    })
    .await
}

/// The same for a call that takes something away.
pub async fn serve_deletion(
    site: &Site,
    call: &Call,
    headers: &HeaderMap,
    work: impl FnOnce(&Caller, &mut State) -> Result<(), Problem>,
) -> Response {
    answer(site, call, headers, |caller| {
        let done = site.directory.change(|state, _| work(caller, state));
        done.map(|()| StatusCode::NO_CONTENT.into_response())
    })
    .await
}

async fn answer(
    site: &Site,
    call: &Call,
    headers: &HeaderMap,
    work: impl FnOnce(&Caller) -> Result<Response, Problem>,
) -> Response {
    let accepted = Caller::accept(site, call, headers);
    let tenant = accepted.as_ref().ok().map(|c| c.claims.tid);
    let fault = fault(site, tenant);
    if let Some(FaultKind::Throttled { retry_after }) = fault {
        return Problem::throttled(retry_after).answer(call);
    }
    if let Some(response) = fault.as_ref().and_then(|f| interrupt(site, call, f)) {
        return response;
    }
    let done = accepted.and_then(|caller| work(&caller));
    let mut response = done.unwrap_or_else(|problem| problem.answer(call));
    identify(call, &mut response);
    spoil(call, fault.as_ref(), response).await
}

fn fault(site: &Site, tenant: Option<Uuid>) -> Option<FaultKind> {
    site.directory
        .change(|state, now| state.take_fault(Area::Graph, tenant, None, now))
}
