//! `/login`: e-mail and password.

use askama::Template;
use askama_web::WebTemplate;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use secrecy::SecretString;
use serde::Deserialize;
use time::Duration;
use tower_sessions::Session;

use super::next::{self, destination};
use super::sso::{self, Choice};
use crate::app::App;
use crate::domain::technician::{self, Attempt, SignInError};
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Field, Form, Query};
use crate::web::kit::headers::Nonce;
use crate::web::kit::notice::{self, Notice};
use crate::web::kit::peer::Asker;
use crate::web::kit::{paths, session, viewer};

#[derive(Template, WebTemplate)]
#[template(path = "login/sign_in.html")]
struct Page {
    nonce: String,
    msp_name: String,
    notice: Option<Notice>,
    /// What is wrong with the whole, and never with which part of it.
    problem: String,
    email: Field,
    next: String,
    sso: Option<Choice>,
}

impl Page {
    /// Only the password is to be typed again.
    fn is_again(&self) -> bool {
        !self.email.value.is_empty()
    }

    fn email_attributes(&self) -> &'static str {
        if self.is_again() {
            "autocomplete=username required"
        } else {
            "autocomplete=username required autofocus"
        }
    }
}

/// Where the login leads.
#[derive(Debug, Default, Deserialize)]
pub struct Address {
    #[serde(default)]
    next: String,
}

pub async fn show(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    Query(address): Query<Address>,
    session: Session,
) -> WebResult<Response> {
    if viewer::signed_in(&session).await?.is_some() {
        return Ok(Redirect::to(&destination(&address.next, &app.site.base_url)).into_response());
    }
    let page = Page {
        nonce: nonce.as_str().to_owned(),
        msp_name: app.site.msp_name.clone(),
        notice: notice::take(&session).await,
        problem: String::new(),
        email: Field::default(),
        next: address.next,
        sso: sso::choice(&app),
    };
    Ok(page.into_response())
}

/// The login page saying what went wrong on another way in.
pub(super) fn with_problem(
    app: &App,
    nonce: &Nonce,
    problem: String,
    next: String,
) -> impl IntoResponse {
    Page {
        nonce: nonce.as_str().to_owned(),
        msp_name: app.site.msp_name.clone(),
        notice: None,
        problem,
        email: Field::default(),
        next,
        sso: sso::choice(app),
    }
}

/// What was typed.
#[derive(Debug, Deserialize)]
pub struct Typed {
    email: String,
    password: SecretString,
    #[serde(default)]
    next: String,
}

pub async fn submit(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    asker: Asker,
    session: Session,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> WebResult<Response> {
    let attempt = Attempt {
        email: &typed.email,
        password: typed.password,
        ip: &asker.ip,
        request_id: &asker.request_id,
        emergencies_only: app.sso.as_ref().is_some_and(|sso| sso.only),
    };
    let (status, problem, wait) = match technician::sign_in(&app.pool, &app.clock, attempt).await {
        Ok(technician) => {
            session::begin(&session, technician.id, &headers, &asker, &app).await?;
            next::keep(&session, &typed.next, &app).await?;
            return Ok(Redirect::to(paths::LOGIN_FACTOR).into_response());
        }
        Err(SignInError::Refused) => (StatusCode::UNPROCESSABLE_ENTITY, REFUSED.to_owned(), None),
        Err(SignInError::TooSoon { wait }) => {
            (StatusCode::TOO_MANY_REQUESTS, too_soon(wait), Some(wait))
        }
        Err(SignInError::Busy(_)) => return Err(WebError::Busy { retry_after_s: 5 }),
        Err(SignInError::Database(error)) => return Err(error.into()),
    };
    let page = Page {
        nonce: nonce.as_str().to_owned(),
        msp_name: app.site.msp_name.clone(),
        notice: None,
        problem,
        email: Field::new(typed.email),
        next: typed.next,
        sso: sso::choice(&app),
    };
    let mut response = (status, page).into_response();
    if let Some(wait) = wait {
        let seconds = HeaderValue::from(wait.whole_seconds().max(0) + 1);
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    Ok(response)
}

const REFUSED: &str = "The e-mail address or the password is wrong. Check both and try again; if you have lost the password, ask an \
    owner of your team for a new link.";

pub(super) fn too_soon(wait: Duration) -> String {
    let words = match wait.whole_seconds() + 1 {
        ..=1 => "a second".to_owned(),
        seconds @ ..=90 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", (seconds + 59) / 60),
    };
    format!("Too many attempts failed. Wait {words}, then try again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up_to_what_people_say() {
        let words = |seconds| too_soon(Duration::seconds(seconds));
        assert!(words(4).contains("5 seconds"));
        assert!(words(119).contains("2 minutes"));
        assert!(words(899).contains("15 minutes"));
    }
}
