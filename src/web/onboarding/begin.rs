//! Begin an attempt, begin again with other settings, or take over from another browser.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::cookies;
use super::holder::{Holder, Visitor};
use super::inviter::Inviter;
use super::link;
use super::page::{Later, OnboardingPage};
use super::view::{Part, StartPart};
use crate::app::App;
use crate::domain::invitation::{Invitation, Method};
use crate::domain::onboarding::{self, Attempt, BeginError, Begun};
use crate::keeper::Unavailable;
use crate::keeper::message::app_only::Ask;
use crate::keeper::message::{Reply, Request};
use crate::keeper::text::Text;
use crate::language::Language;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::Form;
use crate::web::kit::paths;

/// Step 2 as typed.
#[derive(Debug, Deserialize)]
pub struct StartForm {
    #[serde(default)]
    method: String,
    #[serde(default)]
    admin_username: String,
    #[serde(default)]
    someone_else: String,
}

/// "Start authentication".
pub async fn start(
    State(app): State<App>,
    visitor: Visitor,
    Form(form): Form<StartForm>,
) -> WebResult {
    let mut op = visitor.begin(&app).await?;
    let holder = visitor.holder(&app, &mut op).await?;
    let Some(holder) = holder.filter(|holder| holder.invitation.state.is_good()) else {
        return Ok(link::invalid(&app, &visitor).await);
    };
    let someone_else = !form.someone_else.is_empty();
    let expected = &holder.invitation.expected_admin;
    let named = if expected.is_empty() || someone_else {
        onboarding::parse_admin_username(&form.admin_username).map_err(|error| error.message)
    } else {
        Ok(expected.clone())
    };
    let invitation = &holder.invitation;
    let wanted = form.method.parse().unwrap_or(invitation.method);
    let method = invitation.method_for(wanted);
    let admin_username = match named {
        Ok(name) => name,
        Err(problem) => {
            let Some(inviter) = Inviter::read(&app, &mut op, &visitor, &holder.invitation).await?
            else {
                return Ok(link::invalid(&app, &visitor).await);
            };
            let problem = match inviter.face.language {
                Language::En => problem,
                _ => inviter.face.words.username_wrong.text(),
            };
            let part = StartPart {
                admin_username: form.admin_username,
                fixed: !expected.is_empty(),
                someone_else,
                device: method == Method::DeviceCode,
                fixed_method: invitation.fixes_method().then_some(invitation.method),
                error: Some(problem),
            };
            return Ok((
                StatusCode::UNPROCESSABLE_ENTITY,
                page(visitor, inviter, Part::Start(part)),
            )
                .into_response());
        }
    };
    drop(op);
    let attempt = Attempt {
        method,
        admin_username,
        someone_else,
        ip: visitor.ip.clone(),
    };
    begin(&app, visitor, holder, attempt).await
}

/// What the buttons after a failure change.
#[derive(Debug, Deserialize)]
pub struct AgainForm {
    #[serde(default)]
    method: String,
    #[serde(default)]
    someone_else: String,
}

/// "Get a new code", "Sign in with Microsoft" and their like: as before but for what the button changes.
pub async fn again(
    State(app): State<App>,
    visitor: Visitor,
    Form(form): Form<AgainForm>,
) -> WebResult {
    let mut op = visitor.begin(&app).await?;
    let holder = visitor.holder(&app, &mut op).await?;
    drop(op);
    let Some(holder) = holder.filter(|holder| holder.invitation.state.is_good()) else {
        return Ok(link::invalid(&app, &visitor).await);
    };
    let Some(before) = holder.flow() else {
        return Ok(Redirect::to(paths::ONBOARDING).into_response());
    };
    let someone_else = before.someone_else || !form.someone_else.is_empty();
    let attempt = Attempt {
        method: holder
            .invitation
            .method_for(form.method.parse().unwrap_or(before.method)),
        // Somebody else has another name, which their sign-in will tell.
        admin_username: if someone_else && !before.someone_else {
            String::new()
        } else {
            before.admin_username.clone()
        },
        someone_else,
        ip: visitor.ip.clone(),
    };
    begin(&app, visitor, holder, attempt).await
}

/// "Continue here": end the other browser's attempt, and begin in this one.
pub async fn here(State(app): State<App>, visitor: Visitor) -> WebResult {
    let mut op = visitor.begin(&app).await?;
    let holder = visitor.holder(&app, &mut op).await?;
    let Some(holder) = holder.filter(|holder| holder.invitation.state.is_good()) else {
        return Ok(link::invalid(&app, &visitor).await);
    };
    let ended = onboarding::continue_here(&mut op, &holder.invitation).await?;
    op.commit().await?;
    onboarding::forget(&app.keeper, holder.invitation.tenant_id, &ended).await;
    Ok(Redirect::to(paths::ONBOARDING).into_response())
}

async fn begin(app: &App, visitor: Visitor, holder: Holder, attempt: Attempt) -> WebResult {
    let (invitation, method) = (&holder.invitation, attempt.method);
    let mut op = visitor.begin(app).await?;
    let begun = match onboarding::begin(&mut op, invitation, holder.flow(), attempt).await {
        Ok(begun) => begun,
        Err(BeginError::NotGood) => return Ok(link::invalid(app, &visitor).await),
        // The page says so, and offers to continue here.
        Err(BeginError::Elsewhere) => return Ok(Redirect::to(paths::ONBOARDING).into_response()),
        Err(BeginError::Database(error)) => return Err(error.into()),
    };
    op.commit().await?;
    onboarding::forget(&app.keeper, invitation.tenant_id, &begun.ended).await;
    match method {
        Method::DeviceCode => show_code(app, visitor, invitation, &begun).await,
        Method::AuthCode => show_sign_in(app, visitor, invitation, &begun).await,
        Method::AppOnly => show_consent(app, visitor, invitation, &begun).await,
    }
}

/// Have the keeper ask for a code; the page shows it from the flow's row.
async fn show_code(
    app: &App,
    visitor: Visitor,
    invitation: &Invitation,
    begun: &Begun,
) -> WebResult {
    let request = Request::StartDeviceCode {
        tenant_id: invitation.tenant_id.as_uuid(),
        flow_id: begun.flow.as_uuid(),
    };
    let next = match app.keeper.ask(request).await {
        Ok(Reply::Done) => paths::ONBOARDING,
        answer => later(&answer).address(),
    };
    let jar = cookies::keep_flow(app, visitor.jar, &begun.secret);
    Ok((jar, Redirect::to(next)).into_response())
}

/// Have the keeper make the consent leg the next step; the page shows its link from the flow's row.
async fn show_consent(
    app: &App,
    visitor: Visitor,
    invitation: &Invitation,
    begun: &Begun,
) -> WebResult {
    let request = Request::AppOnly(Ask::StartConsent {
        tenant_id: invitation.tenant_id.as_uuid(),
        flow_id: begun.flow.as_uuid(),
    });
    let next = match app.keeper.ask(request).await {
        Ok(Reply::Done) => paths::ONBOARDING,
        answer => later(&answer).address(),
    };
    let jar = cookies::keep_flow(app, visitor.jar, &begun.secret);
    Ok((jar, Redirect::to(next)).into_response())
}

/// Show the plain link to Microsoft's sign-in page. Not a redirect: `form-action 'self'` forbids a form to leave the site.
async fn show_sign_in(
    app: &App,
    mut visitor: Visitor,
    invitation: &Invitation,
    begun: &Begun,
) -> WebResult {
    let request = Request::StartBrowserSignIn {
        tenant_id: invitation.tenant_id.as_uuid(),
        flow_id: begun.flow.as_uuid(),
        state: Text::new(begun.secret.leg_state()),
    };
    let answer = app.keeper.ask(request).await;
    let jar = cookies::keep_flow(app, std::mem::take(&mut visitor.jar), &begun.secret);
    let Ok(Reply::Address { url }) = answer else {
        return Ok((jar, Redirect::to(later(&answer).address())).into_response());
    };
    let mut op = visitor.begin(app).await?;
    let Some(inviter) = Inviter::read(app, &mut op, &visitor, invitation).await? else {
        return Ok(link::invalid(app, &visitor).await);
    };
    let part = Part::SignIn { address: Some(url) };
    Ok((jar, page(visitor, inviter, part)).into_response())
}

fn later(answer: &Result<Reply, Unavailable>) -> Later {
    match answer {
        Ok(_) => Later::Microsoft,
        Err(Unavailable) => Later::Keeper,
    }
}

fn page(visitor: Visitor, inviter: Inviter, part: Part) -> OnboardingPage {
    OnboardingPage {
        nonce: visitor.nonce,
        face: inviter.face.clone(),
        inviter,
        part,
        later: None,
        live: None,
    }
}
