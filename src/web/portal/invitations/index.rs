//! "Invitations" of one tenant, with the sign-ins that wait for confirmation on top.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;

use crate::app::App;
use crate::domain::{invitation, onboarding};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::Query;
use crate::web::kit::paging::{Pager, Paging};
use crate::web::kit::viewer::Viewer;
use crate::web::parts::invitations::{Chip, From, HeldView, InvitationRow, ListQuery, chips};
use crate::web::portal::Visit;

#[derive(Template, WebTemplate)]
#[template(path = "portal/invitations/index.html")]
pub struct InvitationsPage {
    chrome: Chrome,
    visit: Visit,
    held: Vec<HeldView>,
    chips: Vec<Chip>,
    rows: Vec<InvitationRow>,
    query: ListQuery,
    pager: Pager,
    new: String,
}

pub async fn show(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    chrome: Chrome,
    Query(query): Query<ListQuery>,
) -> WebResult<InvitationsPage> {
    let mut op = viewer.begin(&app).await?;
    let now = op.now();
    let paging = Paging::new(query.page, query.size);
    let (rows, total) = invitation::list(
        &mut op,
        visit.scope(),
        &query.filter(),
        paging.size,
        paging.offset(),
    )
    .await?;
    let counts = invitation::counts(&mut op, visit.scope()).await?;
    let held = onboarding::held(&mut op, visit.scope(), visit.id).await?;
    let base = visit.paths().invitations();
    let filters = [("state", query.state.as_str()), ("q", query.q.as_str())];
    Ok(InvitationsPage {
        held: held
            .into_iter()
            .map(|one| HeldView::new(one, visit.paths(), now))
            .collect(),
        chips: chips(&base, &query.state, &query.q, counts),
        rows: rows
            .into_iter()
            .map(|row| InvitationRow::new(row, From::Invitations, now))
            .collect(),
        pager: Pager::new(&base, &filters, paging, total),
        new: visit.paths().new_invitation(From::Invitations.as_str()),
        chrome,
        visit,
        query,
    })
}
