//! "Send invitations": "Renew" for every row chosen, to the address and for the administrator that each tenant has.

mod told;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use tower_sessions::Session;

use self::told::Made;
use super::Selection;
use crate::app::App;
use crate::domain::connection::{Mode, Row};
use crate::domain::invitation::{
    self, CreateError, FromForm, InvitationInput, Method, NewInvitation, Validity,
};
use crate::domain::op::{Op, Scope};
use crate::domain::tenant::{self, Tenant};
use crate::storage::{InvitationId, TenantId};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Form, Query};
use crate::web::kit::notice;
use crate::web::kit::once::Once;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::When;
use crate::web::parts::invitations::{Delivery, hand_over, note};

/// Mails on their way at the same time.
const AT_ONCE: usize = 4;

#[derive(Template, WebTemplate)]
#[template(path = "console/authentication_status/send.html")]
struct SendPage {
    chrome: Chrome,
    lines: Vec<Line>,
    back: String,
    back_query: String,
    /// Tenants to which something will go.
    sendable: usize,
    /// Chosen, and no longer in the list.
    missing: usize,
    /// No mail server is set up: every invitation is link only.
    link_only: bool,
    once: Once,
}

/// One tenant, and where its invitation will go.
struct Line {
    id: String,
    short_name: String,
    full_name: String,
    email: String,
    admin: String,
    /// When the link was made that is out already; it stays good.
    open: Option<When>,
    /// Why nothing will be sent; empty when it will.
    refusal: &'static str,
}

/// GET: who will get what.
pub async fn ask(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Query(selection): Query<Selection>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let mut lines = Vec::new();
    for row in selection.rows(&mut op, &viewer).await? {
        if let Some(tenant) = tenant::find(&mut op, viewer.scope, row.tenant_id).await? {
            let open = match row.open_invitation {
                Some(id) => invitation::find(&mut op, viewer.scope, id).await?,
                None => None,
            };
            let open = open.map(|one| When::new(one.created_at, op.now()));
            lines.push(Line {
                id: row.tenant_id.to_string(),
                refusal: refusal(&row, &tenant).unwrap_or_default(),
                open,
                short_name: row.short_name,
                full_name: row.full_name,
                email: tenant.invitation_email,
                admin: tenant.admin_username,
            });
        }
    }
    Ok(SendPage {
        sendable: lines.iter().filter(|line| line.refusal.is_empty()).count(),
        missing: selection.missing(lines.len()),
        link_only: app.mailer.is_none(),
        once: Once::default(),
        back: selection.back(),
        back_query: selection.back.clone(),
        chrome,
        lines,
    }
    .into_response())
}

fn refusal(row: &Row, tenant: &Tenant) -> Option<&'static str> {
    let unknown = tenant.entra_tenant_id.is_none() && tenant.domain.is_empty();
    if !row.renewable() {
        Some("Suspended: nothing is sent.")
    } else if method(row) == Method::AppOnly && unknown {
        Some("The customer's domain is not known: nothing is sent.")
    } else {
        None
    }
}

/// What ran without a person is renewed without one.
fn method(row: &Row) -> Method {
    match row.connection {
        Some((_, Mode::AppOnly)) => Method::AppOnly,
        _ => Method::DeviceCode,
    }
}

/// The page as sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SendForm {
    tenant: Vec<TenantId>,
    back: String,
    once: Once,
}

/// POST: create and mail them.
pub async fn send(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Form(form): Form<SendForm>,
) -> WebResult {
    let selection = Selection {
        tenant: form.tenant,
        back: form.back,
    };
    let mut op = viewer.begin(&app).await?;
    let rows = selection.rows(&mut op, &viewer).await?;
    drop(op);
    let made: Vec<Made> = stream::iter(rows)
        .map(|row| one(&app, &viewer, row, form.once))
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .collect::<WebResult<_>>()?;
    let (tone, text) = told::words(&made);
    notice::leave(&session, tone, text).await;
    Ok(Redirect::to(&selection.back()).into_response())
}

async fn one(app: &App, viewer: &Viewer, row: Row, once: Once) -> WebResult<Made> {
    let not_made = || Ok(Made::Failed(row.short_name.clone()));
    let scope: Scope = viewer.scope;
    let mut op = viewer.begin(app).await?;
    let Some(tenant) = tenant::find(&mut op, scope, row.tenant_id).await? else {
        return not_made();
    };
    let form_hash = once.hash(&[]);
    if let Some(id) = invitation::made_by_form(&mut op, scope, tenant.id, &form_hash).await? {
        return made_before(&mut op, scope, id, row.short_name).await;
    }
    drop(op);
    let input = InvitationInput {
        invitation_email: tenant.invitation_email.clone(),
        admin_username: tenant.admin_username.clone(),
        method: method(&row).as_str().to_owned(),
        validity_hours: Validity::DEFAULT.in_hours().to_string(),
        lasting: false,
    };
    let (None, Ok(terms)) = (refusal(&row, &tenant), input.parse()) else {
        return not_made();
    };
    // The keeper being away for one is no reason to hide what was sent to the others.
    let Ok(sealed) = invitation::seal(&app.keeper, row.tenant_id).await else {
        return not_made();
    };
    let mut op = viewer.begin(app).await?;
    let new = NewInvitation {
        tenant: row.tenant_id,
        terms,
    };
    let made = invitation::create_from_form(&mut op, scope, sealed, new, form_hash).await;
    let created = match made {
        Ok(FromForm::Made(created)) => created,
        Ok(FromForm::Before(id)) => {
            return made_before(&mut op, scope, id, row.short_name).await;
        }
        Err(CreateError::NoTenant | CreateError::NotActive) => return not_made(),
        Err(CreateError::Database(error)) => return Err(error.into()),
    };
    let invitation = invitation::find(&mut op, scope, created.id)
        .await?
        .ok_or(WebError::NotFound)?;
    let mail = note(&mut op, app, viewer, &invitation, once).await?;
    op.commit().await?;
    Ok(match hand_over(app, viewer, mail, &created.token).await? {
        Delivery::Sent { .. } => Made::Mailed,
        Delivery::LinkOnly | Delivery::NoMailServer => Made::LinkOnly,
        Delivery::Before { .. } => Made::Before,
        Delivery::Braked { .. } => Made::Braked(row.short_name),
        Delivery::Failed { .. } => Made::NotMailed(row.short_name),
    })
}

/// The same form came before and made this one; whether its mail went out may not be known yet.
async fn made_before(
    op: &mut Op,
    scope: Scope,
    id: InvitationId,
    short_name: String,
) -> WebResult<Made> {
    let found = invitation::find(op, scope, id).await?;
    let unsent =
        found.is_some_and(|one| one.email_sent_at.is_none() && !one.invitation_email.is_empty());
    Ok(if unsent {
        Made::BeforeUnsent(short_name)
    } else {
        Made::Before
    })
}
