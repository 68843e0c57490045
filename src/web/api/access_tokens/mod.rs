//! Access tokens for scripts. One that is stored and still lives is given at once, together with whoever else asks at that moment
//! (`keeper::quick`); everything else goes the long way: key, tenant, quota, and then the keeper, which refreshes when needed.

mod refused;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::admit::{over, tell};
use super::{Api, ApiResult, Body, Endpoint, KeyHolder, Problem, holder};
use crate::app::App;
use crate::domain::api_key::{self, ApiScope, Counted, Touched};
use crate::domain::line;
use crate::domain::op::Op;
use crate::domain::tenant::{self, Resource, ShortName, Tenant};
use crate::keeper::Join;
use crate::keeper::message::hand_out::{HandedOut, Request as HandOut};
use crate::keeper::message::quick::{Quick, QuickReply};
use crate::keeper::message::{Actor as KeeperActor, Reply, Request};
use crate::web::kit::error::WebError;
use crate::web::kit::load::Place;
use crate::web::kit::peer::Asker;

const LONGEST_REASON: usize = 200;
/// Entra's shortest access tokens live for an hour; more than this cannot be promised, whatever this one's life.
const MOST_TTL: u64 = 3_300;
/// As long as a refresh may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// What is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AccessTokenRequest")]
struct Asked {
    /// The API that the token is for: `graph`, `exchange`, `teams` or `azure`.
    resource: ResourceWord,
    /// Seconds that the token must still live; five minutes are always given. At most 3300.
    #[serde(default)]
    #[schemars(range(max = 3300))]
    min_ttl: u64,
    /// Why, for the audit log; at most 200 characters.
    #[serde(default)]
    #[schemars(length(max = 200))]
    reason: String,
}

impl Asked {
    /// As it is carried out; people read the reason in the audit log, beside other text.
    fn checked(Body(asked): Body<Self>) -> ApiResult<Self> {
        if asked.min_ttl > MOST_TTL {
            return Err(refused::too_long(MOST_TTL));
        }
        let fits = asked.reason.chars().count() <= LONGEST_REASON;
        if !fits || asked.reason.chars().any(char::is_control) {
            let message = "At most 200 characters on one line.".to_owned();
            return Err(Problem::invalid([("reason".to_owned(), message)]));
        }
        Ok(Self {
            reason: line::plain(&asked.reason),
            ..asked
        })
    }
}

/// A resource by its word.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResourceWord {
    Graph,
    Exchange,
    Teams,
    Azure,
}

impl From<ResourceWord> for Resource {
    fn from(word: ResourceWord) -> Self {
        match word {
            ResourceWord::Graph => Self::Graph,
            ResourceWord::Exchange => Self::Exchange,
            ResourceWord::Teams => Self::Teams,
            ResourceWord::Azure => Self::Azure,
        }
    }
}

/// An access token, never a refresh token.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AccessToken")]
struct Given<'a> {
    access_token: &'a str,
    /// `Bearer`
    token_type: &'static str,
    /// When it ends (RFC 3339).
    expires_at: String,
    /// Seconds until then.
    expires_in: i64,
    resource: ResourceWord,
    tenant: TenantNamed,
}

/// The tenant that a token is of.
#[derive(Serialize, JsonSchema)]
struct TenantNamed {
    id: Uuid,
    short_name: String,
}

pub(super) fn endpoints() -> Api {
    Api::new().on(
        Endpoint::post(
            "/api/v1/tenants/{tenant}/access-tokens",
            ApiScope::AccessTokensCreate,
        )
        .named("create_access_token", "Access tokens", "Hand out an access token")
        .about(
            "Gives the token that is held when it lives long enough, else refreshes it first; callers at the same moment share one \
             refresh. Ask before each piece of work rather than keep a token. `tenant` is an id or a short name. The hand-out is \
             in the audit log before the token leaves. Never a refresh token.",
        )
        .takes::<Asked>()
        .gives::<Given<'static>>()
        .problems(&[
            (403, "resource_not_allowed"),
            (409, "needs_person"),
            (409, "not_connected"),
            (409, "resource_not_connected"),
            (409, "tenant_suspended"),
            (422, "ttl_too_long"),
            (503, "try_later"),
        ]),
        create,
    )
}

async fn create(
    State(app): State<App>,
    holder: KeyHolder,
    Path(tenant): Path<String>,
    place: Option<Extension<Place>>,
    headers: HeaderMap,
    asked: Result<Body<Asked>, Problem>,
) -> ApiResult {
    let asked = match asked.and_then(Asked::checked) {
        Ok(asked) => asked,
        // Admitted and counted already, or both now: such a call is one of the minute like any other.
        Err(odd) if holder.counted.is_some() => return Err(odd),
        Err(odd) => {
            let refuse = async |_: &KeyHolder| Err(odd);
            return Box::pin(anew(&app, &holder.asker, &headers, refuse)).await;
        }
    };
    // Whoever waits for a refresh keeps nobody else out.
    let room = Arc::clone(&app.hand_outs).try_acquire_owned();
    let _room = room.map_err(|_| WebError::Busy { retry_after_s: 5 })?;
    if let Some(Extension(place)) = place {
        place.give_back();
    }
    if holder.counted.is_some() {
        return Box::pin(slowly(&app, &holder, &tenant, &asked)).await;
    }
    let mut going = None;
    for _ in 0..2 {
        match quickly(&app, &holder, &tenant, &asked).await? {
            Quickly::Given(given) => return Ok(given),
            Quickly::Not => break,
            Quickly::Stale(id) => {
                let resource = Resource::from(asked.resource).as_str();
                match app.keeper.join_refresh(id, resource) {
                    Join::Go(gone) => {
                        going = Some(gone);
                        break;
                    }
                    // Woken when whoever went is back, also without a token; then this one looks again.
                    Join::Wait(mut back) => {
                        let _ = tokio::time::timeout(PATIENCE, back.changed()).await;
                    }
                }
            }
        }
    }
    // Boxed: whoever is served quickly need not carry its room about.
    let response = Box::pin(anew(
        &app,
        &holder.asker,
        &headers,
        async |holder: &KeyHolder| slowly(&app, holder, &tenant, &asked).await,
    ))
    .await;
    drop(going);
    response
}

/// Whatever was known of the key: the database is asked from the beginning, and the call counted, before `act`.
async fn anew(
    app: &App,
    asker: &Asker,
    headers: &HeaderMap,
    act: impl AsyncFnOnce(&KeyHolder) -> ApiResult,
) -> ApiResult {
    let key = holder::bearer(headers).unwrap_or_default();
    let holder = KeyHolder::enter(app, asker.clone(), key).await?;
    let scope = ApiScope::AccessTokensCreate;
    let done = if holder.key.may(scope) {
        act(&holder).await
    } else {
        Err(super::admit::forbidden(scope))
    };
    let mut response = done.unwrap_or_else(IntoResponse::into_response);
    if let Some(counted) = holder.counted {
        tell(response.headers_mut(), counted);
    }
    Ok(response)
}

/// What came of asking quickly.
enum Quickly {
    Given(Response),
    /// The token of this tenant must be refreshed first, and nothing else is in the way.
    Stale(Uuid),
    /// It has to go the long way.
    Not,
}

/// Of a token that is held, for a key that was seen before.
async fn quickly(app: &App, holder: &KeyHolder, tenant: &str, asked: &Asked) -> ApiResult<Quickly> {
    let id = tenant.parse().ok();
    let short_name = ShortName::parse(tenant).filter(|_| id.is_none());
    if id.is_none() && short_name.is_none() {
        return Ok(Quickly::Not);
    }
    let (key, limits) = (&holder.key, app.limits.keys);
    let hand_outs = key.rule.hand_outs_per_minute.unwrap_or(limits.hand_outs);
    let calls = key.rule.calls_per_minute.unwrap_or(limits.calls);
    let quick = Quick {
        key_id: key.id.as_uuid(),
        key_version: key.version,
        tenant_id: id,
        short_name: short_name.map(|name| name.as_str().to_owned()),
        resource: Resource::from(asked.resource).as_str().to_owned(),
        min_ttl_s: asked.min_ttl,
        reason: asked.reason.clone(),
        name: key.actor_name(),
        ip: holder.asker.ip.clone(),
        request_id: holder.asker.request_id.clone(),
        calls,
        hand_outs,
        tenant_hand_outs: limits.tenant_hand_outs,
    };
    let now = app.clock.now();
    match app.keeper.hand_out_quickly(quick).await? {
        QuickReply::NotQuick => Ok(Quickly::Not),
        QuickReply::Stale { tenant_id } => Ok(Quickly::Stale(tenant_id)),
        QuickReply::CallsFull { used } => Err(over(Counted::new(calls, used, now), "key")),
        QuickReply::KeyFull { used } => Err(over(Counted::new(hand_outs, used, now), "key")),
        QuickReply::TenantFull { used } => {
            let counted = Counted::new(limits.tenant_hand_outs, used, now);
            Err(over(counted, "tenant"))
        }
        QuickReply::Given {
            access_token,
            expires_at,
            tenant_id,
            short_name,
            used,
        } => {
            let named = TenantNamed {
                id: tenant_id,
                short_name,
            };
            let mut response = given(
                access_token.expose(),
                expires_at,
                asked.resource,
                named,
                now,
            );
            tell(response.headers_mut(), Counted::new(hand_outs, used, now));
            Ok(Quickly::Given(response))
        }
    }
}

fn given(
    access_token: &str,
    expires_at: OffsetDateTime,
    resource: ResourceWord,
    tenant: TenantNamed,
    now: OffsetDateTime,
) -> Response {
    Json(Given {
        access_token,
        token_type: "Bearer",
        expires_at: expires_at.format(&Rfc3339).unwrap_or_default(),
        expires_in: (expires_at - now).whole_seconds(),
        resource,
        tenant,
    })
    .into_response()
}

/// The long way.
async fn slowly(app: &App, holder: &KeyHolder, tenant: &str, asked: &Asked) -> ApiResult {
    let resource = Resource::from(asked.resource);
    let mut op = holder.begin(app).await?;
    let tenant = find(&mut op, holder, tenant).await?;
    if !holder.key.rule.resources.contains(&resource) {
        let problem = Problem::new(
            StatusCode::FORBIDDEN,
            "resource_not_allowed",
            "This key is not handed tokens of this resource",
        );
        return Err(problem
            .detail("Its owner can allow it on the page Security, API keys.")
            .with("resource", resource.as_str()));
    }
    let touched = api_key::touch(&mut op, app.limits.keys, &holder.key, tenant.id).await?;
    // Counts and a suspension stand, whatever comes of the rest.
    op.commit().await?;
    let counted = match touched {
        Touched::Go(counted) => counted,
        Touched::KeyFull(counted) => return Err(over(counted, "key")),
        Touched::TenantFull(counted) => return Err(over(counted, "tenant")),
        Touched::Suspended => {
            app.keys.forget(&holder.key);
            return Err(api_key::NoEntry::Suspended.into());
        }
    };
    let request = HandOut {
        tenant_id: tenant.id.as_uuid(),
        resource: resource.as_str().to_owned(),
        min_ttl_s: asked.min_ttl,
        challenge: None,
        reason: asked.reason.clone(),
        actor: KeeperActor {
            kind: "key".into(),
            id: Some(holder.key.id.as_uuid()),
            name: holder.key.actor_name(),
            ip: holder.asker.ip.clone(),
        },
    };
    match app.keeper.ask(Request::HandOut(request)).await? {
        Reply::HandedOut(HandedOut {
            access_token,
            expires_at,
        }) => {
            let named = TenantNamed {
                id: tenant.id.as_uuid(),
                short_name: tenant.short_name.as_str().to_owned(),
            };
            let now = app.clock.now();
            let token = access_token.expose();
            let mut response = given(token, expires_at, asked.resource, named, now);
            tell(response.headers_mut(), counted);
            Ok(response)
        }
        Reply::Refused(why) => Err(refused::problem(app, holder, &tenant, resource, why).await?),
        _ => Err(crate::keeper::Unavailable.into()),
    }
}

/// By id or short name; what the key does not reach is not there.
async fn find(op: &mut Op, holder: &KeyHolder, named: &str) -> ApiResult<Tenant> {
    let scope = holder.scope();
    let found = match (named.parse(), ShortName::parse(named)) {
        (Ok(id), _) => tenant::find(op, scope, id).await?,
        (Err(_), Some(name)) => tenant::find_by_short_name(op, scope, &name).await?,
        (Err(_), None) => None,
    };
    found.ok_or_else(Problem::not_found)
}
