//! `POST …/token`: refresh, device code, authorization code and client credentials.

use axum::body::Bytes;
use axum::extract::{Path, State as Extract};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::answer::{answer, failure};
use super::faults::{interrupt, spoil};
use super::form::Form;
use crate::simulator::aadsts::{self, Aadsts};
use crate::simulator::directory::{App, Area, Segment, State, Tenant, User};
use crate::simulator::json::put;
use crate::simulator::site::{Call, Site};
use crate::simulator::tokens::{
    self, AppToken, Class, Life, Presented, Redeemed, Redemption, Scopes,
};

const DEVICE_CODE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

pub async fn v2(
    Extract(site): Extract<Site>,
    Path(tenant): Path<String>,
    call: Call,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Form::read(&headers, &body);
    serve(&site, &call, &tenant, &form, false).await
}

/// The older address: `resource` instead of `scope`, numbers as strings, and `interaction_required` for what version 2
/// calls `invalid_grant` with a suberror.
pub async fn v1(
    Extract(site): Extract<Site>,
    Path(tenant): Path<String>,
    call: Call,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Form::read(&headers, &body);
    serve(&site, &call, &tenant, &form, true).await
}

async fn serve(site: &Site, call: &Call, segment: &str, form: &Form, v1: bool) -> Response {
    let fault = site.directory.change(|state, now| {
        let tenant = tenant_of(state, segment, form);
        state.take_fault(Area::Token, tenant, form.get("grant_type"), now)
    });
    if let Some(response) = fault.as_ref().and_then(|f| interrupt(site, call, f)) {
        return response;
    }
    let request = Request {
        call,
        segment,
        form,
        v1,
    };
    let made = site
        .directory
        .change(|state, now| request.grant(state, now));
    let response = match made {
        Ok(made) => {
            let body = made.body(site, call, form);
            answer(
                call,
                StatusCode::OK,
                &if v1 { in_words(body) } else { body },
            )
        }
        Err(refusal) if v1 && refusal.suberror.is_some() && refusal.error == "invalid_grant" => {
            failure(site, call, &refusal.named("interaction_required"))
        }
        Err(refusal) => failure(site, call, &refusal),
    };
    spoil(call, fault.as_ref(), response).await
}

/// Whose call this is: the tenant of the path, else that of the grant.
fn tenant_of(state: &State, segment: &str, form: &Form) -> Option<Uuid> {
    let named = state.segment(segment).ok().and_then(Segment::tenant);
    let of_token = || Some(state.ledger.find(form.get("refresh_token")?)?.origin.tenant);
    let of_device = || state.devices.get(form.get("device_code")?)?.answered_in();
    named.or_else(of_token).or_else(of_device)
}

struct Request<'a> {
    call: &'a Call,
    segment: &'a str,
    form: &'a Form,
    v1: bool,
}

/// A grant that was accepted, with what the tokens say.
enum Made {
    ForUser {
        redeemed: Box<Redeemed>,
        user: Box<User>,
        tenant: Box<Tenant>,
        app: Box<App>,
        life: Life,
    },
    ForApp(AppToken),
}

impl Request<'_> {
    fn grant(&self, state: &mut State, now: OffsetDateTime) -> Result<Made, Aadsts> {
        let grant = self.form.need("grant_type")?;
        let client = self.form.need("client_id")?;
        let segment = state.segment(self.segment)?;
        let app = state.app(client, self.segment)?.clone();
        let presented = self.form.presented();
        if presented != Presented::Nothing && self.is_public(state, grant) {
            return Err(aadsts::public_with_credential());
        }
        let class = tokens::authenticate(&app, &presented, &self.audiences(segment), now)?;
        let redeemed = match grant {
            "client_credentials" => return self.app_only(state, segment, &app, class, now),
            "refresh_token" => {
                let value = self.form.need("refresh_token")?;
                let scopes = self.refresh_scopes()?;
                tokens::refresh(state, segment.tenant(), &app, class, value, scopes, now)?
            }
            DEVICE_CODE_GRANT | "device_code" => {
                let code = self.form.get("device_code").or(self.form.get("code"));
                let code = code.ok_or_else(|| aadsts::missing_parameter("device_code"))?;
                if !app.public_flows {
                    return Err(aadsts::no_credential());
                }
                tokens::poll_device(state, &app, code, self.call.correlation_id, now)?
            }
            "authorization_code" => self.code(state, segment, &app, class, now)?,
            other => return Err(aadsts::unsupported_grant(other)),
        };
        let user = state
            .users
            .get(&redeemed.origin.user)
            .cloned()
            .ok_or_else(|| aadsts::user_deleted(redeemed.origin.user, redeemed.tenant))?;
        let tenant = state.live_tenant(redeemed.tenant)?.clone();
        Ok(Made::ForUser {
            redeemed: Box::new(redeemed),
            user: Box::new(user),
            tenant: Box::new(tenant),
            app: Box::new(app),
            life: Life::draw(state, now, self.handles_claims()),
        })
    }

    /// Whether the grant was born without a credential, so that sending one now is refused (700025).
    fn is_public(&self, state: &State, grant: &str) -> bool {
        let public = |token: &tokens::RefreshToken| token.origin.class == Class::Public;
        match grant {
            "refresh_token" => self
                .form
                .get("refresh_token")
                .and_then(|value| state.ledger.find(value))
                .is_some_and(public),
            DEVICE_CODE_GRANT => true,
            _ => false,
        }
    }

    fn code(
        &self,
        state: &mut State,
        segment: Segment,
        app: &App,
        class: Class,
        now: OffsetDateTime,
    ) -> Result<Redeemed, Aadsts> {
        let redemption = Redemption {
            code: self.form.need("code")?,
            redirect_uri: self.form.need("redirect_uri")?,
            verifier: self.form.get("code_verifier"),
            tenant: segment.tenant(),
            class,
        };
        // A redirect URI of platform "Web" belongs to a confidential client.
        if class == Class::Public && !app.public_flows {
            return Err(aadsts::no_credential());
        }
        let scopes = match self.form.get("scope") {
            Some(text) => Some(Scopes::parse(text, &self.call.base, self.segment)?),
            None => None,
        };
        tokens::redeem_code(state, app, &redemption, scopes, now)
    }

    fn app_only(
        &self,
        state: &mut State,
        segment: Segment,
        app: &App,
        class: Class,
        now: OffsetDateTime,
    ) -> Result<Made, Aadsts> {
        let tenant = segment.tenant().ok_or_else(aadsts::no_tenant_information)?;
        if class == Class::Public {
            return Err(aadsts::no_credential());
        }
        if !app.multi_tenant && app.home_tenant != Some(tenant) {
            return Err(aadsts::not_multi_tenant(app.client_id, &app.name));
        }
        let scopes = self.scopes()?;
        if !scopes.default {
            return Err(aadsts::app_only_needs_default(self.form.need("scope")?));
        }
        let life = Life::draw(state, now, self.handles_claims());
        let propagation = time::Duration::seconds(state.settings.propagation_seconds);
        let tenant = state.live_tenant(tenant)?;
        let roles = tokens::for_app(tenant, app, scopes.resource)?;
        let principal = tenant.principals.get(&app.client_id);
        let principal = principal.filter(|p| p.created_at + propagation <= now);
        Ok(Made::ForApp(AppToken {
            resource: scopes.resource,
            client: app.client_id,
            tenant: tenant.id,
            principal: principal.map(|p| p.id),
            roles,
            life,
        }))
    }

    fn scopes(&self) -> Result<Scopes, Aadsts> {
        if self.v1 {
            let resource = self.form.need("resource")?;
            return Scopes::parse(
                &format!("{resource}/.default openid profile offline_access"),
                &self.call.base,
                self.segment,
            );
        }
        Scopes::parse(self.form.need("scope")?, &self.call.base, self.segment)
    }

    /// A refresh answers with a new refresh token even when `offline_access` was not named again, as Entra does.
    fn refresh_scopes(&self) -> Result<Scopes, Aadsts> {
        let mut scopes = self.scopes()?;
        scopes.openid.insert("offline_access".to_owned());
        Ok(scopes)
    }

    /// Client capability `cp1`: the client handles claims challenges and gets long-lived access tokens.
    fn handles_claims(&self) -> bool {
        let claims = self
            .form
            .get("claims")
            .and_then(|c| serde_json::from_str::<Value>(c).ok());
        let values = claims
            .as_ref()
            .and_then(|c| c.pointer("/access_token/xms_cc/values"));
        values
            .and_then(Value::as_array)
            .is_some_and(|v| v.contains(&json!("cp1")))
    }

    /// The values of `aud` by which an assertion may name this endpoint.
    fn audiences(&self, segment: Segment) -> Vec<String> {
        let base = &self.call.base;
        let id = segment.tenant().map(|id| id.to_string());
        let names = [Some(self.segment.to_owned()), id];
        names
            .into_iter()
            .flatten()
            .flat_map(|t| {
                [
                    format!("{base}/{t}/oauth2/v2.0/token"),
                    format!("{base}/{t}/oauth2/token"),
                    format!("{base}/{t}/v2.0"),
                    format!("{base}/{t}/"),
                ]
            })
            .collect()
    }
}

impl Made {
    /// The answer's body; signing happens here, outside the directory's lock.
    fn body(&self, site: &Site, call: &Call, form: &Form) -> Value {
        match self {
            Self::ForApp(token) => json!({
                "token_type": "Bearer",
                "expires_in": token.life.seconds,
                "ext_expires_in": token.life.seconds,
                "access_token": tokens::app_token(&site.keys, &call.base, token),
            }),
            Self::ForUser {
                redeemed,
                user,
                tenant,
                app,
                life,
            } => {
                let mut body = json!({
                    "token_type": "Bearer",
                    "scope": redeemed.scopes.answer(&redeemed.granted),
                    "expires_in": life.seconds,
                    "ext_expires_in": life.seconds,
                    "access_token": tokens::access_token(&site.keys, &call.base, redeemed, user, *life),
                });
                if let Some(token) = &redeemed.refresh_token {
                    put(&mut body, "refresh_token", json!(token));
                }
                if redeemed.scopes.wants("openid") {
                    put(
                        &mut body,
                        "id_token",
                        json!(tokens::id_token(
                            &site.keys, &call.base, redeemed, user, tenant, app, *life
                        )),
                    );
                }
                if form.get("client_info") == Some("1") {
                    put(&mut body, "client_info", json!(tokens::client_info(user)));
                }
                if life.seconds > LONG_LIFE {
                    put(&mut body, "refresh_in", json!(life.seconds / 2));
                }
                body
            }
        }
    }
}

/// Access tokens that live longer than this many seconds come with `refresh_in`.
const LONG_LIFE: i64 = 7200;

/// Version 1 writes its numbers as strings.
fn in_words(mut body: Value) -> Value {
    if let Some(fields) = body.as_object_mut() {
        for value in fields.values_mut() {
            if let Value::Number(number) = value {
                *value = Value::String(number.to_string());
            }
        }
    }
    body
}
