//! "Pending Invitations": every invitation of every tenant, with its Auth URL and actions.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::Redirect;
use time::OffsetDateTime;

use crate::app::App;
use crate::domain::customer_mail::{self, Stuck};
use crate::domain::invitation;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::Query;
use crate::web::kit::paging::{Pager, Paging};
use crate::web::kit::paths::{self, TenantPaths};
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::When;
use crate::web::parts::invitations::{Chip, From, InvitationRow, ListQuery, chips};

#[derive(Template, WebTemplate)]
#[template(path = "console/invitations/index.html")]
struct PendingPage {
    chrome: Chrome,
    chips: Vec<Chip>,
    rows: Vec<InvitationRow>,
    stuck: Vec<StuckRow>,
    query: ListQuery,
    pager: Pager,
}

/// A mail that did not go out.
struct StuckRow {
    tenant: String,
    portal: String,
    kind: &'static str,
    to: String,
    why: String,
    at: When,
    again: String,
}

impl StuckRow {
    fn new(mail: Stuck, now: OffsetDateTime) -> Self {
        let paths = TenantPaths(&mail.short_name);
        Self {
            portal: paths.overview(),
            again: paths.mail_queueing(mail.id),
            kind: mail.kind.name(),
            at: When::new(mail.created_at, now),
            tenant: mail.full_name,
            to: mail.to,
            why: mail.why,
        }
    }
}

pub(super) fn router() -> Routes {
    let moved = || async { Redirect::permanent(paths::PENDING_INVITATIONS) };
    Routes::new()
        .get(paths::PENDING_INVITATIONS, Policy::LOOK, show)
        .get("/security/customer-invitations", Policy::Public, moved)
        .get("/monitoring/customer-invitations", Policy::Public, moved)
}

async fn show(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Query(query): Query<ListQuery>,
) -> WebResult<PendingPage> {
    let mut op = viewer.begin(&app).await?;
    let now = op.now();
    let paging = Paging::new(query.page, query.size);
    let (rows, total) = invitation::list(
        &mut op,
        viewer.scope,
        &query.filter(),
        paging.size,
        paging.offset(),
    )
    .await?;
    let counts = invitation::counts(&mut op, viewer.scope).await?;
    let stuck = customer_mail::stuck(&mut op, viewer.scope).await?;
    let filters = [("state", query.state.as_str()), ("q", query.q.as_str())];
    Ok(PendingPage {
        chips: chips(paths::PENDING_INVITATIONS, &query.state, &query.q, counts),
        rows: rows
            .into_iter()
            .map(|row| InvitationRow::new(row, From::Pending, now))
            .collect(),
        stuck: stuck
            .into_iter()
            .map(|mail| StuckRow::new(mail, now))
            .collect(),
        pager: Pager::new(paths::PENDING_INVITATIONS, &filters, paging, total),
        chrome,
        query,
    })
}
