//! A tenant's overview: its state and what to do next, why, how access fared, what will happen when, how long tokens live,
//! the newest errors and calls to Microsoft.

mod coming;
mod lifetimes;
mod view;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use tower_sessions::Session;

use super::Visit;
use crate::app::App;
use crate::domain::connection;
use crate::domain::op::Op;
use crate::domain::{history, msal_error};
use crate::keeper::message::{Refusal, Reply, Request, look};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::notice;
use crate::web::kit::paging::with_query;
use crate::web::kit::viewer::Viewer;
use crate::web::parts::calls::CallView;
use crate::web::parts::diagnosis::DiagnosisView;
use crate::web::parts::invitations::From;
use crate::web::parts::msal_errors::ErrorLine;
use crate::web::parts::uptime::{UptimeView, first_of};

use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use coming::Coming;
use lifetimes::LifetimesView;
use view::StandingView;

/// Errors and calls shown; the rest is on pages of their own.
const ERRORS: usize = 5;
const CALLS: usize = 10;
/// Days of the uptime bar.
const DAYS: i64 = 90;

#[derive(Template, WebTemplate)]
#[template(path = "portal/overview/show.html")]
struct Overview {
    chrome: Chrome,
    visit: Visit,
    /// None for an archived tenant, which has no standing.
    standing: Option<StandingView>,
    /// Why the connection is in trouble; none when it is not, or nobody knows.
    trouble: Option<DiagnosisView>,
    uptime: UptimeView,
    /// What will happen when, the nearest first.
    coming: Vec<Coming>,
    lifetimes: LifetimesView,
    errors: Vec<ErrorLine>,
    calls: Vec<CallView>,
    paths: PageLinks,
}

struct PageLinks {
    m365: String,
    errors: String,
    calls: String,
    activity: String,
    edit: String,
}

pub(super) fn router() -> Routes {
    Routes::new()
        .get("/tenants/{short}", Policy::LOOK, show)
        .post(
            "/tenants/{short}/lifetime-policies",
            Policy::WORK,
            read_policies,
        )
}

async fn show(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    chrome: Chrome,
) -> WebResult<Overview> {
    let mut op = viewer.begin(&app).await?;
    let scope = visit.scope();
    let now = op.now();
    let detail = connection::detail(&mut op, scope, visit.id).await?;
    let newest = msal_error::Filter::default();
    let errors =
        msal_error::list(&mut op, scope, &newest, msal_error::From::Newest, ERRORS).await?;
    let every = history::CallFilter::default();
    let calls = history::calls(&mut op, scope, visit.id, &every, None, CALLS).await?;
    let first = first_of(now.date(), DAYS);
    let begin = first.midnight().assume_utc();
    let spans = history::spans(&mut op, scope, visit.id, begin).await?;
    let next_refresh = history::next_refresh(&mut op, scope, visit.id).await?;
    let policies = history::lifetime_policies(&mut op, scope, visit.id).await?;
    let trouble = trouble(&mut op, &visit).await?;
    let paths = visit.paths();
    Ok(Overview {
        coming: coming::of(detail.as_ref(), next_refresh, now),
        lifetimes: LifetimesView::of(detail.as_ref(), policies.as_ref(), paths, now),
        uptime: UptimeView::of(&history::days(&spans, first, now)),
        standing: detail.map(|detail| StandingView::of(&detail, paths, now)),
        trouble,
        errors: errors
            .rows
            .iter()
            .map(|row| ErrorLine::of(row, false, now))
            .collect(),
        calls: calls
            .rows
            .iter()
            .map(|call| CallView::of(call, paths, now))
            .collect(),
        paths: PageLinks {
            m365: paths.m365(),
            errors: paths.msal_errors(),
            calls: paths.calls(),
            activity: paths.activity(),
            edit: with_query(&paths.edit(), &[("from", "overview")], &[]),
        },
        chrome,
        visit,
    })
}

/// Why the connection is in trouble, with the remedy.
async fn trouble(op: &mut Op, visit: &Visit) -> Result<Option<DiagnosisView>, sqlx::Error> {
    let diagnosis = connection::diagnose(op, visit.scope(), visit.id).await?;
    Ok(diagnosis.map(|found| DiagnosisView::of(&found, &visit.short_name, From::Overview)))
}

/// "Read policies": the keeper asks Microsoft and keeps what it sees.
async fn read_policies(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    session: Session,
) -> WebResult<Response> {
    let op = viewer.begin(&app).await?;
    let actor = super::keeper_actor(op.actor());
    // Given back before Microsoft is asked.
    drop(op);
    let ask = look::Ask::Policies {
        tenant_id: visit.id.as_uuid(),
        actor,
    };
    let (tone, text) = match app.keeper.ask(Request::Look(ask)).await? {
        Reply::Looked(look::Answer::Policies { outcome }) => lifetimes::said(&outcome),
        Reply::Refused(Refusal::TryLater { .. }) => lifetimes::said("no_answer"),
        Reply::Refused(refusal) => return Err(refusal.into()),
        _ => return Err(WebError::Keeper),
    };
    notice::leave(&session, tone, text).await;
    let back = format!("{}#lifetimes", visit.paths().overview());
    Ok(Redirect::to(&back).into_response())
}
