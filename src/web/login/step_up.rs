//! `/login/step-up`: a fresh proof of the second factor before something dangerous. Afterwards the person is back on the page
//! they came from, and a form that was kept meanwhile waits behind a button.

use askama::Template;
use askama_web::WebTemplate;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tower_sessions::Session;

use super::ceremony::{self, PasskeyAnswer};
use super::factor::{Page, Paths, Typed, note_recovery, refused};
use super::next::destination;
use super::sso;
use crate::app::App;
use crate::domain::technician::Technician;
use crate::domain::technician::factor::{self, FactorKind, FactorProof, ProveError};
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Form, Query};
use crate::web::kit::headers::Nonce;
use crate::web::kit::kept::{self, Kept};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paging::with_query;
use crate::web::kit::paths;
use crate::web::kit::peer::Asker;
use crate::web::kit::session::{self, Stage, Standing};
use crate::web::kit::viewer::prover;

/// What waited, behind its button.
#[derive(Template, WebTemplate)]
#[template(path = "login/again.html")]
struct Again {
    nonce: String,
    msp_name: String,
    waits: Waits,
}

/// What is done by the button.
enum Waits {
    Form(Kept),
    /// A file, and the page that it is downloaded from. A redirect to a file would leave the page of the proof standing there.
    Download {
        file: String,
        page: String,
    },
}

/// Where the proof leads.
#[derive(Debug, Default, Deserialize)]
pub struct Address {
    #[serde(default)]
    next: String,
}

/// Who is signed in here, halfway or not at all being nobody.
async fn signed_in(session: &Session, next: &str) -> WebResult<Standing> {
    match session::standing(session).await? {
        Some(standing) if standing.is_full() => Ok(standing),
        Some(_) => Err(WebError::Factor),
        None => Err(WebError::SignIn {
            next: next.to_owned(),
        }),
    }
}

async fn page(app: &App, nonce: &Nonce, technician: &Technician, next: &str) -> WebResult<Page> {
    let enrolled = factor::enrolled(&app.pool, technician.id).await?;
    Ok(Page {
        is_step_up: true,
        next: next.to_owned(),
        sso: sso::again::name_for(app, technician.id).await?,
        paths: Paths {
            passkey: paths::STEP_UP_PASSKEY,
            options: paths::STEP_UP_PASSKEY_OPTIONS,
            app: paths::STEP_UP,
            recovery: paths::STEP_UP_RECOVERY,
        },
        ..Page::new(app, nonce, technician, &enrolled)
    })
}

pub async fn show(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    Query(address): Query<Address>,
    session: Session,
) -> WebResult<Response> {
    let standing = signed_in(&session, &address.next).await?;
    if standing.is_fresh(app.clock.now()) {
        return lead(&app, &session, &address.next).await;
    }
    let mut page = page(&app, &nonce, &standing.technician, &address.next).await?;
    // The provider of single sign-on sent them back.
    if let Some(refused) = notice::take(&session).await {
        page.problem = refused.text;
    }
    Ok(page.into_response())
}

/// The code of an authenticator app.
pub async fn code(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    asker: Asker,
    session: Session,
    Form(typed): Form<Typed>,
) -> WebResult<Response> {
    let standing = signed_in(&session, "").await?;
    let by = prover(&app, &asker);
    let proof = FactorProof::App(&typed.code);
    let proved = factor::prove(&by, &standing.technician, proof, "step_up").await;
    after(
        &app,
        &nonce,
        &session,
        &asker,
        &standing,
        (FactorKind::Totp, proved),
        &typed.next,
    )
    .await
}

/// A recovery code.
pub async fn recovery(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    asker: Asker,
    session: Session,
    Form(typed): Form<Typed>,
) -> WebResult<Response> {
    let standing = signed_in(&session, "").await?;
    let by = prover(&app, &asker);
    let proof = FactorProof::Recovery(&typed.recovery);
    let proved = factor::prove(&by, &standing.technician, proof, "step_up").await;
    after(
        &app,
        &nonce,
        &session,
        &asker,
        &standing,
        (FactorKind::Recovery, proved),
        &typed.next,
    )
    .await
}

/// What to ask the browser for a passkey.
pub async fn options(State(app): State<App>, session: Session) -> WebResult<Response> {
    let standing = signed_in(&session, "").await?;
    ceremony::proof_options(&app, &session, &standing.technician).await
}

/// The browser's answer about a passkey.
pub async fn passkey(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    asker: Asker,
    session: Session,
    Form(answer): Form<PasskeyAnswer>,
) -> WebResult<Response> {
    let standing = signed_in(&session, "").await?;
    let (by, technician) = (prover(&app, &asker), &standing.technician);
    let credential = &answer.credential;
    let proved =
        ceremony::finish_proof(&app, &session, &by, technician, credential, "step_up").await?;
    after(
        &app,
        &nonce,
        &session,
        &asker,
        &standing,
        (FactorKind::Passkey, proved),
        &answer.next,
    )
    .await
}

async fn after(
    app: &App,
    nonce: &Nonce,
    session: &Session,
    asker: &Asker,
    standing: &Standing,
    (tried, proved): (FactorKind, Result<FactorKind, ProveError>),
    next: &str,
) -> WebResult<Response> {
    let kind = match proved {
        Ok(kind) => kind,
        Err(error) => {
            let page = page(app, nonce, &standing.technician, next).await?;
            return refused(tried, error, page);
        }
    };
    if kind == FactorKind::Recovery {
        note_recovery(app, session, asker, &standing.technician).await?;
    }
    session::advance(session, Stage::Full, (kind, app.clock.now())).await?;
    lead(app, session, next).await
}

const LOST: &str = "Nothing was changed yet. What you sent held something secret, which is not kept: fill in the form again.";

/// Proved: on to what waits.
pub(super) async fn lead(app: &App, session: &Session, next: &str) -> WebResult<Response> {
    let waiting = kept::waiting(session, app.clock.now()).await?;
    let next = destination(next, &app.site.base_url);
    let to = match waiting {
        Some(kept) if kept.lost => {
            kept::forget(session).await?;
            notice::leave(session, Tone::Warn, LOST).await;
            next
        }
        Some(_) => paths::STEP_UP_AGAIN.to_owned(),
        None if download(&next).is_some() => {
            with_query(paths::STEP_UP_AGAIN, &[("next", &next)], &[])
        }
        None => next,
    };
    Ok(Redirect::to(&to).into_response())
}

/// The file, when the address is one's.
fn download(next: &str) -> Option<Waits> {
    let (path, query) = match next.split_once('?') {
        Some((path, query)) => (path, format!("?{query}")),
        None => (next, String::new()),
    };
    let page = path
        .strip_suffix(".csv")
        .or_else(|| path.strip_suffix(".jsonl"))?;
    let page = page.strip_suffix("/export").unwrap_or(page);
    Some(Waits::Download {
        file: next.to_owned(),
        page: format!("{page}{query}"),
    })
}

/// What waited, to be sent now.
pub async fn again(
    State(app): State<App>,
    Extension(nonce): Extension<Nonce>,
    Query(address): Query<Address>,
    session: Session,
) -> WebResult<Response> {
    let standing = signed_in(&session, &address.next).await?;
    if !standing.is_fresh(app.clock.now()) {
        let page = with_query(paths::STEP_UP, &[("next", &address.next)], &[]);
        return Ok(Redirect::to(&page).into_response());
    }
    let kept = kept::waiting(&session, app.clock.now()).await?;
    let next = destination(&address.next, &app.site.base_url);
    Ok(match kept.map(Waits::Form).or_else(|| download(&next)) {
        Some(waits) => Again {
            nonce: nonce.as_str().to_owned(),
            msp_name: app.site.msp_name.clone(),
            waits,
        }
        .into_response(),
        None => Redirect::to(&next).into_response(),
    })
}
