//! `/login/link/{token}`: the one-time link by which a technician sets the password. Looking at it uses nothing up.

use askama::Template;
use askama_web::WebTemplate;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tower_sessions::Session;

use crate::app::App;
use crate::domain::op::{Actor, Op};
use crate::domain::technician::{
    self, LONGEST_PASSWORD, LinkError, LinkToken, Password, Role, SHORTEST_PASSWORD, Technician,
};
use crate::mail::LoginNews;
use crate::web::kit::agent;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Field, Form};
use crate::web::kit::headers::Nonce;
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::peer::Asker;
use crate::web::kit::tell::tell;

#[derive(Template, WebTemplate)]
#[template(path = "login/link.html")]
struct Page {
    nonce: String,
    msp_name: String,
    display_name: String,
    email: String,
    hint: String,
    password: Field,
    repeated: Field,
    sso: Option<ByProvider>,
}

/// The other way to use the link.
struct ByProvider {
    name: String,
    action: String,
    /// Whether a password may be set instead.
    password: bool,
}

impl Page {
    fn offers_password(&self) -> bool {
        self.sso.as_ref().is_none_or(|sso| sso.password)
    }
}

/// The same for every link that does not work, whatever the reason.
#[derive(Template, WebTemplate)]
#[template(path = "login/link_gone.html")]
struct Gone {
    nonce: String,
}

pub async fn show(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    asker: Asker,
    Path(token): Path<String>,
) -> WebResult<Response> {
    match owner_of(&app, &asker, &token).await? {
        Some((token, technician)) => Ok(page(&app, &nonce, &technician, &token).into_response()),
        None => Ok(gone(&nonce)),
    }
}

/// What was typed, twice.
#[derive(Debug, Deserialize)]
pub struct Typed {
    password: SecretString,
    repeated: SecretString,
}

pub async fn submit(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    asker: Asker,
    session: Session,
    headers: HeaderMap,
    Path(token): Path<String>,
    Form(typed): Form<Typed>,
) -> WebResult<Response> {
    let Some((token, technician)) = owner_of(&app, &asker, &token).await? else {
        slow_down(&app, &asker).await?;
        return Ok(gone(&nonce));
    };
    let mut page = page(&app, &nonce, &technician, &token);
    if !page.offers_password() {
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let matches = typed.password.expose_secret() == typed.repeated.expose_secret();
    let names = [
        &app.site.msp_name,
        &technician.email,
        &technician.display_name,
    ]
    .map(String::as_str);
    let password = match Password::parse(typed.password, &names, &app.login.breached) {
        Ok(password) if matches => password,
        Ok(_) => {
            page.repeated.error =
                Some("This is not the same as above. Type both again.".to_owned());
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
        Err(error) => {
            page.password.error = Some(error.to_string());
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let hash = technician::hash(password)
        .await
        .map_err(|_| WebError::Busy { retry_after_s: 5 })?;
    let ip = asker.ip.clone();
    let mut op = Op::begin(&app.pool, &app.clock, technician.acting_from(asker.ip))
        .await?
        .for_request(&asker.request_id);
    match technician::set_password_by_link(&mut op, &token, &hash).await {
        Ok(_) => {
            op.commit().await?;
            let browser = agent::words(&headers);
            tell(&app, &technician, LoginNews::PasswordChanged, &browser, &ip);
        }
        Err(LinkError::Gone) => return Ok(gone(&nonce)),
        Err(LinkError::Database(error)) => return Err(error.into()),
    }
    session.flush().await?;
    notice::leave(&session, Tone::Ok, "Your password is set. Sign in with it.").await;
    Ok(Redirect::to(paths::LOGIN).into_response())
}

/// Guessing links gets slower, by the same brake as the login.
async fn slow_down(app: &App, asker: &Asker) -> WebResult<()> {
    let visitor = Actor::Visitor {
        ip: asker.ip.clone(),
    };
    let mut op = Op::begin(&app.pool, &app.clock, visitor).await?;
    let wait = technician::slow_down(&mut op, &asker.ip).await?;
    op.commit().await?;
    match wait {
        None => Ok(()),
        Some(wait) => Err(WebError::Busy {
            retry_after_s: u32::try_from(wait.whole_seconds().max(1)).unwrap_or(900),
        }),
    }
}

async fn owner_of(
    app: &App,
    asker: &Asker,
    token: &str,
) -> WebResult<Option<(LinkToken, Technician)>> {
    let Some(token) = LinkToken::parse(token) else {
        return Ok(None);
    };
    let visitor = Actor::Visitor {
        ip: asker.ip.clone(),
    };
    let mut op = Op::begin(&app.pool, &app.clock, visitor).await?;
    match technician::find_by_link(&mut op, &token).await {
        Ok(technician) => Ok(Some((token, technician))),
        Err(LinkError::Gone) => Ok(None),
        Err(LinkError::Database(error)) => Err(error.into()),
    }
}

fn page(app: &App, nonce: &Nonce, technician: &Technician, token: &LinkToken) -> Page {
    let sso = app.sso.as_ref().map(|sso| ByProvider {
        name: sso.name.clone(),
        action: paths::login_link_sso(token.expose()),
        password: !sso.only || technician.role == Role::Owner,
    });
    Page {
        nonce: nonce.as_str().to_owned(),
        msp_name: app.site.msp_name.clone(),
        display_name: technician.display_name.clone(),
        email: technician.email.clone(),
        hint: format!(
            "{SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters, of any kind. A few words in a row are easy to remember."
        ),
        password: Field::default(),
        repeated: Field::default(),
        sso,
    }
}

fn gone(nonce: &Nonce) -> Response {
    let page = Gone {
        nonce: nonce.as_str().to_owned(),
    };
    (StatusCode::GONE, page).into_response()
}
