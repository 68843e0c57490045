//! Who calls: the key that came along, looked up for this call.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

use super::Problem;
use crate::app::App;
use crate::domain::api_key::{self, ApiKey, Counted, Entrance, NoEntry};
use crate::domain::op::{Op, Scope};
use crate::domain::technician::Permission;
use crate::web::kit::denial::Known;
use crate::web::kit::peer::Asker;

/// A script with a key that works.
#[derive(Clone, Debug)]
pub struct KeyHolder {
    pub key: Arc<ApiKey>,
    /// Calls of this minute; none when this call was not counted yet, and the key only known from earlier ones
    /// (`KeyHolder::seen`).
    pub counted: Option<Counted>,
    pub asker: Asker,
}

impl KeyHolder {
    /// The key that came along, if this process has seen it at work. Whatever goes on from here must ask the database whether
    /// it still is so.
    pub(super) fn seen(parts: &Parts, app: &App) -> Option<Self> {
        let asker = Asker::of(parts);
        let text = bearer(&parts.headers)?;
        let key = app.keys.find(text, &asker.ip, app.clock.now())?;
        Some(Self {
            key,
            counted: None,
            asker,
        })
    }

    /// Ask the database, and count the call.
    pub(super) async fn enter(app: &App, asker: Asker, text: &str) -> Result<Self, Problem> {
        let entrance = Entrance {
            text,
            ip: &asker.ip,
            request_id: &asker.request_id,
        };
        let entered =
            api_key::enter(&app.pool, &app.clock, &app.keys, app.limits.keys, entrance).await?;
        Ok(Self {
            key: entered.key,
            counted: Some(entered.counted),
            asker,
        })
    }

    /// Begin a unit of work in this key's name, within what it reaches.
    pub async fn begin(&self, app: &App) -> Result<Op, sqlx::Error> {
        let actor = self.key.acting_from(&self.asker.ip);
        Ok(Op::begin_within(&app.pool, &app.clock, actor, self.scope())
            .await?
            .for_request(&self.asker.request_id))
    }

    /// Which tenants it reaches; beside `Op` in every call of the domain.
    pub fn scope(&self) -> Scope {
        self.key.scope()
    }

    /// Whether the key's owner has this permission, for what a scope alone does not decide (adding tenants).
    pub fn owner_may(&self, permission: Permission) -> bool {
        let owner = &self.key.owner;
        let reaches_all = self.scope().is_all();
        owner.role.may(permission) && (reaches_all || !permission.concerns_all_tenants())
    }
}

/// The key as sent; none when there is none.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(key.trim_start())
}

impl FromRequestParts<App> for KeyHolder {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let asker = Asker::of(parts);
        let text = bearer(&parts.headers).ok_or_else(missing)?;
        let holder = Self::enter(app, asker, text).await?;
        if let Some(known) = parts.extensions.get::<Known>() {
            known.is_key(holder.key.acting_from(&holder.asker.ip));
        }
        parts.extensions.insert(holder.clone());
        Ok(holder)
    }
}

fn missing() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "key_missing", "An API key is needed")
        .detail("Send the header \"Authorization: Bearer pk_…\". Keys are made on the page Security, API keys.")
}

impl From<NoEntry> for Problem {
    fn from(why: NoEntry) -> Self {
        match why {
            NoEntry::Invalid => {
                Self::new(StatusCode::UNAUTHORIZED, "key_invalid", "This API key is not valid")
                    .detail("It is mistyped, was revoked, or has expired. Look at the page Security, API keys.")
            }
            NoEntry::Suspended => {
                Self::new(StatusCode::FORBIDDEN, "key_suspended", "This API key is suspended")
                    .detail("Its owner or an admin can resume it on the page Security, API keys.")
            }
            NoEntry::Elsewhere => {
                Self::new(StatusCode::FORBIDDEN, "key_not_from_here", "Not from this address")
                    .detail("This key may be used from some networks only, and this address is in none of them.")
            }
            NoEntry::TooSoon { wait } => {
                let seconds = u32::try_from(wait.whole_seconds() + 1).unwrap_or(900);
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_failures", "Too many wrong keys")
                    .detail("Too many wrong keys came from this address. Wait, then try again.")
                    .retry_after(seconds)
            }
            NoEntry::TooMany(counted) => super::admit::over(counted, "key"),
            NoEntry::Database(error) => error.into(),
        }
    }
}
