//! "Send invitations": "Renew" for every row chosen, to the address and for the administrator that each tenant has.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use tower_sessions::Session;

use super::{Selection, tenants};
use crate::app::App;
use crate::domain::connection::{Mode, Row};
use crate::domain::customer_mail::brake;
use crate::domain::invitation::{
    self, CreateError, FromForm, InvitationInput, Method, NewInvitation, Validity,
};
use crate::domain::op::Scope;
use crate::domain::tenant::{self, Tenant};
use crate::storage::TenantId;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Form, Query};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::once::Once;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::When;
use crate::web::parts::invitations::{Delivery, deliver};

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

/// How it ended for one tenant.
enum Made {
    Mailed,
    LinkOnly,
    NotMailed(String),
    /// So many mails went there that this one has to wait.
    Braked(String),
    Failed(String),
    /// The same form came before.
    Before,
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
    let (tone, text) = words(&made);
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
    let form_hash = once.hash(&[]);
    let made = invitation::create_from_form(&mut op, scope, sealed, new, form_hash).await;
    let created = match made {
        Ok(FromForm::Made(created)) => created,
        Ok(FromForm::Before(_)) => return Ok(Made::Before),
        Err(CreateError::NoTenant | CreateError::NotActive) => return not_made(),
        Err(CreateError::Database(error)) => return Err(error.into()),
    };
    let invitation = invitation::find(&mut op, scope, created.id)
        .await?
        .ok_or(WebError::NotFound)?;
    op.commit().await?;
    Ok(
        match deliver(app, viewer, &tenant, &invitation, &created.token, once).await? {
            Delivery::Sent { .. } => Made::Mailed,
            Delivery::LinkOnly | Delivery::NoMailServer => Made::LinkOnly,
            Delivery::Before { .. } => Made::Before,
            Delivery::Braked { .. } => Made::Braked(row.short_name),
            Delivery::Failed { .. } => Made::NotMailed(row.short_name),
        },
    )
}

fn tenants_without_mail(count: usize) -> String {
    let who = tenants(count);
    format!(" {who} without mail: copy the Auth URL under Pending Invitations.")
}

fn had_before(count: usize) -> String {
    let who = tenants(count);
    format!(" {who} had theirs from this very page before: nothing was sent again.")
}

fn braked_names(names: &str) -> String {
    let most = brake::MOST;
    format!(
        " No mail went to {names}: {most} were written to each of them within an hour. Copy the Auth URL under Pending Invitations."
    )
}

fn words(made: &[Made]) -> (Tone, String) {
    let count = |is: fn(&Made) -> bool| made.iter().filter(|one| is(one)).count();
    let mailed = count(|one| matches!(one, Made::Mailed));
    let before = count(|one| matches!(one, Made::Before));
    let mut text = String::new();
    if mailed > 0 || before == 0 {
        text = format!("Invitations mailed to {}.", tenants(mailed));
    }
    let link_only = count(|one| matches!(one, Made::LinkOnly));
    if link_only > 0 {
        text += &tenants_without_mail(link_only);
    }
    if before > 0 {
        text += &had_before(before);
    }
    let not_mailed = names(made, |one| match one {
        Made::NotMailed(name) => Some(name),
        _ => None,
    });
    let braked = names(made, |one| match one {
        Made::Braked(name) => Some(name),
        _ => None,
    });
    let failed = names(made, |one| match one {
        Made::Failed(name) => Some(name),
        _ => None,
    });
    if let Some(names) = &not_mailed {
        text += " The mail did not go out to ";
        text += names;
        text += ": copy the Auth URL under Pending Invitations.";
    }
    if let Some(names) = &braked {
        text += &braked_names(names);
    }
    if let Some(names) = &failed {
        text += " It did not work for: ";
        text += names;
        text += ".";
    }
    let tone = match (link_only + before, not_mailed.or(braked).or(failed)) {
        (_, Some(_)) => Tone::Bad,
        (0, None) => Tone::Ok,
        _ => Tone::Warn,
    };
    (tone, text.trim_start().to_owned())
}

/// Those of one kind, by name; none when there are none.
fn names(made: &[Made], of: fn(&Made) -> Option<&String>) -> Option<String> {
    let mut names: Vec<&str> = made.iter().filter_map(of).map(String::as_str).collect();
    names.sort_unstable();
    (!names.is_empty()).then(|| names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_before_is_told_alone() {
        let (tone, text) = words(&[Made::Before, Made::Before]);
        assert_eq!(tone, Tone::Warn);
        assert_eq!(
            text,
            "2 tenants had theirs from this very page before: nothing was sent again."
        );
    }

    #[test]
    fn the_notice_tells_what_is_left_to_do() {
        let made = [
            Made::Mailed,
            Made::LinkOnly,
            Made::Before,
            Made::NotMailed("fir".into()),
            Made::Braked("oak".into()),
            Made::Failed("elm".into()),
        ];
        let (tone, text) = words(&made);
        assert_eq!(tone, Tone::Bad);
        assert_eq!(
            text,
            "Invitations mailed to 1 tenant. 1 tenant without mail: copy the Auth URL under Pending Invitations. 1 tenant had theirs from this very page before: nothing was sent again. The mail did not go out to fir: copy the Auth URL under Pending Invitations. No mail went to oak: 10 were written to each of them within an hour. Copy the Auth URL under Pending Invitations. It did not work for: elm."
        );
    }
}
