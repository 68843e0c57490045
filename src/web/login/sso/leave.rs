//! `/login/sso`: "Sign in with …". A POST prepares the trip and answers with a page that goes on to the provider by itself and by
//! a plain link: the policy `form-action 'self'` lets no form be redirected to another site.

use askama::Template;
use askama_web::WebTemplate;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tower_sessions::Session;

use super::{Away, configured, words};
use crate::app::App;
use crate::domain::op::Actor;
use crate::domain::sign_on::{self, LeaveError, Purpose, Refused};
use crate::domain::technician::LinkToken;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Form, Query};
use crate::web::kit::headers::Nonce;
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paging::with_query;
use crate::web::kit::peer::Asker;
use crate::web::kit::{paths, viewer};
use crate::web::login::next::destination;
use crate::web::login::sign_in;

#[derive(Template, WebTemplate)]
#[template(path = "login/sso/ask.html")]
struct AskPage {
    nonce: String,
    msp_name: String,
    name: String,
    next: String,
}

/// On the way: the address is built by us from what the provider's metadata say.
#[derive(Template, WebTemplate)]
#[template(path = "login/sso/leave.html")]
struct LeavePage {
    nonce: String,
    msp_name: String,
    name: String,
    address: String,
    minutes: i64,
}

/// Where the sign-on leads.
#[derive(Debug, Default, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    pub(super) next: String,
}

/// GET: the button alone, for bookmarks and the provider's own list of applications. Changes nothing.
pub async fn show(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    Query(wanted): Query<Wanted>,
    session: Session,
) -> WebResult<Response> {
    let sso = configured(&app)?;
    if viewer::signed_in(&session).await?.is_some() {
        return Ok(Redirect::to(&destination(&wanted.next, &app.site.base_url)).into_response());
    }
    let page = AskPage {
        nonce: nonce.as_str().to_owned(),
        msp_name: app.site.msp_name.clone(),
        name: sso.name.clone(),
        next: wanted.next,
    };
    Ok(page.into_response())
}

/// "Sign in with …" on the login page.
pub async fn start(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    asker: Asker,
    session: Session,
    headers: HeaderMap,
    Form(wanted): Form<Wanted>,
) -> WebResult<Response> {
    let browser = (&session, &headers, &asker);
    go(&app, &nonce, browser, &Purpose::SignIn, &wanted.next).await
}

/// "Sign in with … instead of a password" on the page of a one-time link. Whether the link is good is looked at when it is used.
pub async fn start_invited(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    asker: Asker,
    session: Session,
    headers: HeaderMap,
    Path(token): Path<String>,
) -> WebResult<Response> {
    let token = LinkToken::parse(&token).ok_or(WebError::NotFound)?;
    let browser = (&session, &headers, &asker);
    go(&app, &nonce, browser, &Purpose::Invited(token), "").await
}

/// Prepare the trip and show the way.
pub(super) async fn go(
    app: &App,
    nonce: &Nonce,
    (session, headers, asker): (&Session, &HeaderMap, &Asker),
    purpose: &Purpose,
    next: &str,
) -> WebResult<Response> {
    let sso = configured(app)?;
    // Where it leads is decided now, so that nothing else is stored; it is looked at again when it is used.
    let next = destination(next, &app.site.base_url);
    let origin = match purpose {
        Purpose::SignIn | Purpose::Invited(_) => String::new(),
        Purpose::Link(_) => paths::OWN_SIGN_ON.to_owned(),
        Purpose::Prove(_) => with_query(paths::STEP_UP, &[("next", &next)], &[]),
    };
    let away = Away::begin(session, headers, origin).await?;
    let actor = Actor::Visitor {
        ip: asker.ip.clone(),
    };
    let left = sign_on::leave(
        &app.pool,
        &app.clock,
        sso,
        actor,
        &away.browser,
        (purpose, &next),
    );
    match left.await {
        Ok(address) => Ok(LeavePage {
            nonce: nonce.as_str().to_owned(),
            msp_name: app.site.msp_name.clone(),
            name: sso.name.clone(),
            address: address.into(),
            minutes: sign_on::TRIP_LIFETIME.whole_minutes(),
        }
        .into_response()),
        Err(LeaveError::Provider(error)) => {
            let (_, problem) = words::of(&Refused::Provider(error), &sso.name);
            if !away.origin.is_empty() {
                notice::leave(session, Tone::Bad, problem).await;
                return Ok(Redirect::to(&away.origin).into_response());
            }
            let page = sign_in::with_problem(app, nonce, problem, next);
            Ok((StatusCode::SERVICE_UNAVAILABLE, page).into_response())
        }
        Err(LeaveError::Database(error)) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_the_provider_is_a_link_and_goes_on_by_itself() {
        let page = LeavePage {
            nonce: String::new(),
            msp_name: String::new(),
            name: "<Entra>".into(),
            address: "https://id.example/authorize?a=1&b=\"2\"".into(),
            minutes: 10,
        };
        let html = page.render().unwrap();
        assert!(
            html.contains("http-equiv=\"refresh\"") && html.contains("<a "),
            "{html}"
        );
        assert!(
            !html.contains("<Entra>") && !html.contains("b=\"2\""),
            "{html}"
        );
    }
}
