//! A technician's word on a sign-in that waits for it: confirm who signed in, or refuse. The keeper does either.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use tower_sessions::Session;

use super::Visit;
use crate::app::App;
use crate::domain::onboarding;
use crate::domain::op::Actor;
use crate::keeper::message::{Actor as KeeperActor, Reply, Request};
use crate::storage::ConnectionId;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;

pub(super) fn router() -> Routes {
    Routes::new()
        .post(
            "/tenants/{short}/connections/{id}/confirmation",
            Policy::WORK,
            confirm,
        )
        .post(
            "/tenants/{short}/connections/{id}/rejection",
            Policy::WORK,
            reject,
        )
}

async fn confirm(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    Path((_, id)): Path<(String, String)>,
    session: Session,
) -> WebResult {
    let (connection_id, actor) = held(&app, &viewer, &visit, &id).await?;
    ask(
        &app,
        Request::ConfirmPending {
            tenant_id: visit.id.as_uuid(),
            connection_id: connection_id.as_uuid(),
            actor,
        },
    )
    .await?;
    let text = "Confirmed. The connection is in use from now on.";
    notice::leave(&session, Tone::Ok, text).await;
    Ok(Redirect::to(&visit.paths().m365()).into_response())
}

async fn reject(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    Path((_, id)): Path<(String, String)>,
    session: Session,
) -> WebResult {
    let (connection_id, actor) = held(&app, &viewer, &visit, &id).await?;
    ask(
        &app,
        Request::RejectPending {
            tenant_id: visit.id.as_uuid(),
            connection_id: connection_id.as_uuid(),
            actor,
        },
    )
    .await?;
    let text = "Refused. What was stored of that sign-in is erased.";
    notice::leave(&session, Tone::Ok, text).await;
    Ok(Redirect::to(&visit.paths().invitations()).into_response())
}

/// The connection, if it waits for confirmation in this tenant, and the technician as the keeper's audit names them.
async fn held(
    app: &App,
    viewer: &Viewer,
    visit: &Visit,
    id: &str,
) -> WebResult<(ConnectionId, KeeperActor)> {
    let id = id.parse().map_err(|_| WebError::NotFound)?;
    let mut op = viewer.begin(app).await?;
    if !onboarding::is_held(&mut op, visit.scope(), visit.id, id).await? {
        return Err(WebError::NotFound);
    }
    let ip = match op.actor() {
        Actor::Technician { ip, .. }
        | Actor::Key { ip, .. }
        | Actor::Customer { ip }
        | Actor::Visitor { ip } => ip.clone(),
        Actor::Worker(_) | Actor::Command(_) => String::new(),
    };
    let actor = KeeperActor {
        kind: "technician".to_owned(),
        id: Some(viewer.id.as_uuid()),
        name: viewer.email.clone(),
        ip,
    };
    Ok((id, actor))
}

async fn ask(app: &App, request: Request) -> WebResult<()> {
    match app.keeper.ask(request).await? {
        Reply::Refused(refusal) => Err(refusal.into()),
        _ => Ok(()),
    }
}
