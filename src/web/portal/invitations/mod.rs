//! The tenant's invitations: list, the dialog that makes one, its Auth URL, and what can be done to one.

mod auth_url;
mod index;
mod new;
mod steps;

use axum::response::{IntoResponse, Redirect};
use tower_sessions::Session;

use crate::app::App;
use crate::domain::invitation::{self, Created, Invitation, LinkError, LinkToken, SealedLink};
use crate::domain::op::Op;
use crate::storage::{InvitationId, TenantId};
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::notice::{self, Notice, Tone};
use crate::web::kit::once::Once;
use crate::web::kit::paging::with_query;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;
use crate::web::parts::invitations::{From, hand_over, note};
use crate::web::portal::Visit;

pub(super) fn router() -> Routes {
    Routes::new()
        .get("/tenants/{short}/invitations", Policy::LOOK, index::show)
        .post("/tenants/{short}/invitations", Policy::WORK, new::create)
        .get("/tenants/{short}/invitations/new", Policy::WORK, new::show)
        .get(
            "/tenants/{short}/invitations/{id}/auth-url",
            Policy::WORK,
            auth_url::show,
        )
        .post(
            "/tenants/{short}/invitations/{id}/resend",
            Policy::WORK,
            steps::resend,
        )
        .post(
            "/tenants/{short}/invitations/{id}/revocation",
            Policy::WORK,
            steps::revoke,
        )
        .post(
            "/tenants/{short}/invitations/{id}/replacement",
            Policy::WORK,
            steps::replace,
        )
}

/// An invitation just made, its link, and how the mailing went.
struct Made {
    invitation: Invitation,
    token: LinkToken,
    outcome: Notice,
}

/// A new link, with a PIN if one is to be asked for.
async fn seal(app: &App, tenant: TenantId, ask_pin: bool) -> WebResult<SealedLink> {
    let sealed = invitation::seal(&app.keeper, tenant)
        .await
        .map_err(link_error)?;
    if !ask_pin {
        return Ok(sealed);
    }
    let busy = |_| WebError::Busy { retry_after_s: 5 };
    sealed.with_pin().await.map_err(busy)
}

/// Commit what was created and mail it. With a PIN the answer itself shows the link, which is written down with it.
async fn finish(
    app: &App,
    viewer: &Viewer,
    visit: &Visit,
    mut op: Op,
    created: &Created,
) -> WebResult<Made> {
    let made = invitation::find(&mut op, visit.scope(), created.id).await?;
    let invitation = made.ok_or(WebError::NotFound)?;
    if created.pin.is_some() {
        invitation::record_shown(&mut op, &invitation).await?;
    }
    // The invitation is new, and so is its first mail.
    let mail = note(&mut op, app, viewer, &invitation, Once::default()).await?;
    op.commit().await?;
    let delivery = hand_over(app, viewer, mail, &created.token).await?;
    let (tone, text) = delivery.words();
    Ok(Made {
        invitation,
        token: created.token.clone(),
        outcome: Notice { tone, text },
    })
}

/// Which invitation this form has made already.
async fn sent_before(
    app: &App,
    viewer: &Viewer,
    visit: &Visit,
    form: &[u8; 32],
) -> WebResult<Option<InvitationId>> {
    let mut op = viewer.begin(app).await?;
    Ok(invitation::made_by_form(&mut op, visit.scope(), visit.id, form).await?)
}

/// The same form for the second time: the invitation that it made, and nothing besides.
async fn made_before(
    app: &App,
    viewer: &Viewer,
    session: &Session,
    visit: &Visit,
    from: From,
    id: InvitationId,
) -> WebResult {
    let mut op = viewer.begin(app).await?;
    let found = invitation::find(&mut op, visit.scope(), id).await?;
    let invitation = found.ok_or(WebError::NotFound)?;
    let (text, place) = if invitation.state.is_good() {
        let shown = visit.paths().auth_url(id);
        let place = with_query(&shown, &[("from", from.as_str())], &[]);
        let mailed = invitation.email_sent_at.is_some() || invitation.invitation_email.is_empty();
        let mail = if mailed { "" } else { AGAIN_UNSENT };
        let pin = if invitation.pin.asked { AGAIN_PIN } else { "" };
        (format!("{AGAIN}{mail}{pin}"), place)
    } else {
        (AGAIN_ENDED.to_owned(), from.address(visit.paths()))
    };
    notice::leave(session, Tone::Warn, text).await;
    Ok(Redirect::to(&place).into_response())
}

const AGAIN: &str =
    "The same form came twice. This is the one invitation that it made; nothing was mailed again.";
const AGAIN_UNSENT: &str =
    " Its mail is on its way or did not go out: “Email Sent” in the list of invitations tells.";
const AGAIN_PIN: &str =
    " Its PIN was shown with the first answer. If you did not see it, make a “New link”.";
const AGAIN_ENDED: &str = "The same form came before, and the invitation that it made was used, withdrawn or has run out. To make another, open the form anew.";

/// What the keeper's refusal to seal or open a link is to the visitor.
fn link_error(error: LinkError) -> WebError {
    match error {
        LinkError::Keeper(unavailable) => unavailable.into(),
        LinkError::Refused(refusal) => refusal.into(),
        LinkError::Unexpected => WebError::Unexpected(error.into()),
    }
}
