//! `/login/return`: back from the provider.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use secrecy::SecretString;
use serde::Deserialize;
use time::OffsetDateTime;
use tower_sessions::Session;

use super::{Away, configured, words};
use crate::app::App;
use crate::domain::sign_on::{self, Arrived, Came, Evidence, Refused, Returned};
use crate::domain::technician::Technician;
use crate::domain::technician::factor::FactorKind;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Query;
use crate::web::kit::headers::Nonce;
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::peer::Asker;
use crate::web::kit::session::{self, Stage};
use crate::web::kit::{paths, viewer};
use crate::web::login::next::{self, destination};
use crate::web::login::{factor, sign_in, step_up};

/// What the provider's answer brings back; all of it is unproven input. Its description of an error is not even read: it is a
/// stranger's text, and our own words say more.
#[derive(Deserialize)]
pub struct ReturnQuery {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: SecretString,
    iss: Option<String>,
    #[serde(default)]
    error: String,
}

/// The one who came back, as far as it is known.
struct Visit {
    app: App,
    nonce: Nonce,
    asker: Asker,
    session: Session,
    headers: HeaderMap,
}

/// GET: the one address that signs in by being opened, because OAuth sends browsers by redirect. It does so once, for a state
/// that this very browser left with at most ten minutes ago; without it nothing happens.
pub async fn back(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    asker: Asker,
    session: Session,
    headers: HeaderMap,
    Query(query): Query<ReturnQuery>,
) -> WebResult {
    configured(&app)?;
    let visit = Visit {
        app,
        nonce,
        asker,
        session,
        headers,
    };
    // The address is spent by being opened, so this is finished even if the browser goes away meanwhile.
    tokio::spawn(visit.arrive(query))
        .await
        .map_err(|error| WebError::Unexpected(error.into()))?
}

impl Visit {
    async fn arrive(self, query: ReturnQuery) -> WebResult {
        let sso = configured(&self.app)?;
        let away = Away::of(&self.session).await?;
        let signed_in = viewer::signed_in(&self.session).await?;
        let returned = Returned {
            browser: away.as_ref().map(|away| away.browser.clone()),
            signed_in: signed_in.as_ref().map(|technician| technician.id),
            state: &query.state,
            code: query.code,
            issuer: query.iss.as_deref(),
            error: &query.error,
            ip: &self.asker.ip,
            request_id: &self.asker.request_id,
        };
        match sign_on::arrive(&self.app.pool, &self.app.clock, sso, returned).await? {
            Ok(arrived) => {
                let gestures = away.is_some_and(|away| away.gestures);
                self.let_in(&sso.name, arrived, gestures).await
            }
            Err(refused) if signed_in.is_some() => {
                let origin = away.map(|away| away.origin).unwrap_or_default();
                self.stay(&sso.name, &refused, &origin).await
            }
            Err(refused) => Ok(self.turn_away(&sso.name, &refused)),
        }
    }

    async fn let_in(&self, name: &str, arrived: Arrived, gestures: bool) -> WebResult {
        let next = destination(&arrived.next, &self.app.site.base_url);
        match arrived.came {
            Came::In {
                evidence,
                proved_at,
            } => {
                let proved_at = self.proved_at(proved_at);
                let proof = (evidence, proved_at);
                self.enter(&arrived.technician, proof, gestures, &next)
                    .await
            }
            Came::Tied => {
                let done = format!("From now on you can sign in with {name}.");
                notice::leave(&self.session, Tone::Ok, done).await;
                Ok(Redirect::to(&next).into_response())
            }
            Came::Again { proved_at } => {
                let proof = (FactorKind::SignOn, self.proved_at(Some(proved_at)));
                session::advance(&self.session, Stage::Full, proof).await?;
                step_up::lead(&self.app, &self.session, &next).await
            }
        }
    }

    /// When the second factor was proved, as far as it is known. The provider may have known the person since this morning,
    /// so without its word a dangerous act asks again.
    fn proved_at(&self, told: Option<OffsetDateTime>) -> OffsetDateTime {
        let now = self.app.clock.now();
        told.map_or(now - 2 * session::FRESH, |at| at.min(now))
    }

    /// The end of every sign-on, and its one call into the login session: the provider's evidence decides whether a factor of
    /// ours is still to be asked for.
    async fn enter(
        &self,
        technician: &Technician,
        (evidence, proved_at): (Evidence, OffsetDateTime),
        gestures: bool,
        next: &str,
    ) -> WebResult {
        let mut headers = self.headers.clone();
        if gestures {
            headers.insert("sec-fetch-user", HeaderValue::from_static("?1"));
        }
        let (app, session) = (&self.app, &self.session);
        session::begin(session, technician.id, &headers, &self.asker, app).await?;
        next::keep(session, next, app).await?;
        match evidence {
            Evidence::Mfa => {
                let proof = (FactorKind::SignOn, proved_at);
                factor::enter(app, session, &self.asker, technician, proof).await
            }
            Evidence::PasswordOnly => Ok(Redirect::to(paths::LOGIN_FACTOR).into_response()),
        }
    }

    /// Nobody came in: the login page says why.
    fn turn_away(&self, name: &str, refused: &Refused) -> Response {
        let (status, problem) = words::of(refused, name);
        let page = sign_in::with_problem(&self.app, &self.nonce, problem, String::new());
        let mut response = (status, page).into_response();
        if let Refused::TooSoon { wait } = refused {
            let seconds = HeaderValue::from(wait.whole_seconds().max(0) + 1);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }

    /// Whoever is signed in stays so, and reads on the next page what did not work.
    async fn stay(&self, name: &str, refused: &Refused, origin: &str) -> WebResult {
        let (_, problem) = words::of(refused, name);
        notice::leave(&self.session, Tone::Bad, problem).await;
        let page = if origin.is_empty() {
            paths::OWN_SIGN_ON
        } else {
            origin
        };
        Ok(Redirect::to(page).into_response())
    }
}
