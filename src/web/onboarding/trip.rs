//! Trips to Microsoft's pages: preparing one, coming back from one, and looking again while a reviewer decides.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::cookies;
use super::holder::{Holder, Visitor};
use super::link;
use crate::app::App;
use crate::domain::onboarding::{self, Flow, Stage};
use crate::keeper::Unavailable;
use crate::keeper::message::Request;
use crate::keeper::text::Text;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Query;
use crate::web::kit::paths;

/// Longest error text from the address that is passed on; Microsoft's are below 2 KiB.
const MAX_DESCRIPTION: usize = 2_000;

/// "Click here to continue the authentication process", when the former trip is over: prepare another. The page then
/// shows the plain link.
pub async fn prepare(State(app): State<App>, visitor: Visitor) -> WebResult {
    let mut op = visitor.begin(&app).await?;
    let holder = visitor.holder(&app, &mut op).await?;
    let Some(Holder {
        own: Some((secret, flow)),
        invitation,
    }) = holder
    else {
        return Ok(link::invalid(&app, &visitor).await);
    };
    if !invitation.state.is_good() {
        return Ok(link::invalid(&app, &visitor).await);
    }
    let next = onboarding::open_leg(&mut op, &flow, &secret).await?;
    op.commit().await?;
    let jar = match next {
        Some(secret) => cookies::keep_flow(&app, visitor.jar, &secret),
        None => visitor.jar,
    };
    Ok((jar, Redirect::to(paths::ONBOARDING)).into_response())
}

/// "Check again": has consent arrived by another way, for instance a reviewer's approval?
pub async fn look(State(app): State<App>, visitor: Visitor) -> WebResult {
    let mut op = visitor.begin(&app).await?;
    let holder = visitor.holder(&app, &mut op).await?;
    let Some(Holder {
        own: Some((_, flow)),
        invitation,
    }) = holder
    else {
        return Ok(link::invalid(&app, &visitor).await);
    };
    if !invitation.state.is_good() {
        return Ok(link::invalid(&app, &visitor).await);
    }
    onboarding::prolong(&mut op, &flow).await?;
    op.commit().await?;
    let next = match app.keeper.ask(resume(&flow, None)).await {
        Ok(_) => paths::ONBOARDING,
        Err(Unavailable) => paths::ONBOARDING_AWAY,
    };
    Ok(Redirect::to(next).into_response())
}

/// What Microsoft's pages bring back; all of it is unproven input.
#[derive(Debug, Deserialize)]
pub struct ReturnQuery {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

/// GET: back from sign-in or consent. The one GET that goes on with something: it does so once per trip, and only with the
/// OAuth state and the cookie of the browser that left; the keeper believes nothing else of the address.
pub async fn back(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<ReturnQuery>,
) -> WebResult {
    // The address is spent by being opened, so this is finished even if the browser goes away meanwhile.
    tokio::spawn(take(app, visitor, query))
        .await
        .map_err(|error| WebError::Unexpected(error.into()))?
}

async fn take(app: App, visitor: Visitor, query: ReturnQuery) -> WebResult {
    let Some(secret) = cookies::flow(&app, &visitor.jar) else {
        return Ok(link::invalid(&app, &visitor).await);
    };
    let mut op = visitor.begin(&app).await?;
    let taken = onboarding::take_leg(&mut op, &secret, &query.state).await?;
    op.commit().await?;
    let Some((flow, next)) = taken else {
        // Reloaded, too late, or not ours: the page says where this browser stands.
        return Ok(Redirect::to(paths::ONBOARDING).into_response());
    };
    let jar = cookies::keep_flow(&app, visitor.jar, &next);
    if app.keeper.ask(request(&flow, query)).await.is_err() {
        tracing::warn!(flow.id = %flow.id, "the keeper did not take a return from Microsoft");
        return Ok((jar, Redirect::to(paths::ONBOARDING_AWAY)).into_response());
    }
    Ok((jar, Redirect::to(paths::ONBOARDING)).into_response())
}

/// Which trip it was follows from where the flow stood, never from the address.
fn request(flow: &Flow, query: ReturnQuery) -> Request {
    let refused = !query.error.is_empty();
    let description: String = query
        .error_description
        .chars()
        .take(MAX_DESCRIPTION)
        .collect();
    let (tenant_id, flow_id) = (flow.tenant_id.as_uuid(), flow.id.as_uuid());
    match (&flow.stage, refused) {
        (Stage::Redirected, false) => Request::FinishBrowserSignIn {
            tenant_id,
            flow_id,
            code: Text::new(query.code),
        },
        (Stage::Redirected, true) => Request::RefuseBrowserSignIn {
            tenant_id,
            flow_id,
            error: query.error,
            description,
        },
        (_, refused) => resume(
            flow,
            refused.then(|| format!("{}: {description}", query.error)),
        ),
    }
}

fn resume(flow: &Flow, refusal: Option<String>) -> Request {
    Request::ResumeFlow {
        tenant_id: flow.tenant_id.as_uuid(),
        flow_id: flow.id.as_uuid(),
        refusal,
    }
}
