//! Creating an invitation and what is done with one.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::Duration;

use super::super::tenants::invalid;
use super::super::words::{At, MethodWord, tenant_of};
use super::super::{Api, ApiResult, Body, Endpoint, KeyHolder, Problem};
use super::{GROUP, InvitationView, find, view};
use crate::app::App;
use crate::clock;
use crate::domain::api_key::ApiScope;
use crate::domain::customer_mail::{self, Kind, NewMail, brake};
use crate::domain::invitation::{
    self, CreateError, EndError, Invitation, InvitationInput, LinkError, Method, NewInvitation,
    Terms, Validity,
};
use crate::domain::onboarding;
use crate::domain::op::Op;
use crate::domain::tenant::{FieldError, Tenant};
use crate::web::kit::error::WebError;

/// An invitation to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "InvitationRequest")]
struct Wanted {
    /// Where the link is mailed; the tenant's address when it is not said, link only when it is empty.
    #[schemars(extend("examples" = ["it@contoso.com"]))]
    invitation_email: Option<String>,
    /// Who must sign in; the tenant's administrator when it is not said. Empty: a technician confirms who did.
    #[schemars(extend("examples" = ["admin@contoso.com"]))]
    admin_username: Option<String>,
    /// Device code unless said.
    method: Option<MethodWord>,
    /// How long the link is good; a week unless said.
    #[schemars(range(min = 1, max = 720))]
    validity_hours: Option<u16>,
}

/// The link that lets the administrator authorise us. Whoever has it can answer for the customer: give it to nobody else.
#[derive(Serialize, JsonSchema)]
#[expect(
    clippy::struct_field_names,
    reason = "the field is called as in the answer of the API"
)]
struct AuthUrl {
    auth_url: String,
    reference: String,
    expires_at: At,
}

pub(super) fn endpoints() -> Api {
    Api::new()
        .on(
            Endpoint::post("/api/v1/tenants/{tenant}/invitations", ApiScope::InvitationsWrite)
                .named("create_invitation", GROUP, "Invite a tenant's administrator")
                .about("The link is mailed when there is an address and a mail server; ask for it by the call Auth URL.")
                .takes::<Wanted>()
                .creates::<InvitationView>()
                .problems(&[
                    (409, "tenant_not_active"),
                    (422, "invalid"),
                    (429, "too_many_mails"),
                    (503, "keeper_unavailable"),
                ]),
            create,
        )
        .on(
            Endpoint::post("/api/v1/invitations/{id}/auth-url", ApiScope::InvitationsWrite)
                .named("show_auth_url", GROUP, "Auth URL")
                .about("Each showing is in the audit log.")
                .gives::<AuthUrl>()
                .problems(&[(409, "invitation_ended"), (503, "keeper_unavailable")]),
            auth_url,
        )
        .on(
            Endpoint::post("/api/v1/invitations/{id}/resend", ApiScope::InvitationsWrite)
                .named("resend_invitation", GROUP, "Mail the link again")
                .once()
                .gives::<InvitationView>()
                .problems(&[
                    (409, "invitation_ended"),
                    (409, "link_only"),
                    (409, "no_mail_server"),
                    (429, "too_many_mails"),
                ]),
            resend,
        )
        .on(
            Endpoint::post("/api/v1/invitations/{id}/revocation", ApiScope::InvitationsWrite)
                .named("revoke_invitation", GROUP, "Withdraw the link")
                .gives::<InvitationView>()
                .problems(&[(409, "invitation_ended")]),
            revoke,
        )
}

async fn create(
    State(app): State<App>,
    holder: KeyHolder,
    Path(named): Path<String>,
    Body(wanted): Body<Wanted>,
) -> ApiResult {
    let mut op = holder.begin(&app).await?;
    let tenant = tenant_of(&mut op, &holder, &named).await?;
    op.roll_back().await?;
    let terms = terms(&tenant, wanted).map_err(invalid)?;
    // The keeper is asked outside of any transaction.
    let sealed = invitation::seal(&app.keeper, tenant.id)
        .await
        .map_err(link)?;
    let mut op = holder.begin(&app).await?;
    let new = NewInvitation {
        tenant: tenant.id,
        terms,
    };
    let made = invitation::create(&mut op, holder.scope(), sealed, new)
        .await
        .map_err(|error| match error {
            CreateError::NoTenant => Problem::not_found(),
            CreateError::NotActive => Problem::conflict(
                "tenant_not_active",
                "This tenant is suspended or archived. Resume or restore it first.",
            ),
            CreateError::Database(error) => error.into(),
        })?;
    let found = invitation::find(&mut op, holder.scope(), made.id).await?;
    let invitation = found.ok_or_else(Problem::not_found)?;
    if app.mailer.is_some() && !invitation.invitation_email.is_empty() {
        mail(&mut op, &holder, &invitation).await?;
    }
    op.commit().await?;
    let place = format!("/api/v1/invitations/{}", invitation.id);
    let view = InvitationView::new(&invitation, (&tenant).into());
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(view)).into_response())
}

fn terms(tenant: &Tenant, wanted: Wanted) -> Result<Terms, Vec<FieldError>> {
    let or_known = |said: Option<String>, known: &str| said.unwrap_or_else(|| known.to_owned());
    let hours = wanted
        .validity_hours
        .unwrap_or(Validity::DEFAULT.in_hours());
    let terms = InvitationInput {
        invitation_email: or_known(wanted.invitation_email, &tenant.invitation_email),
        admin_username: or_known(wanted.admin_username, &tenant.admin_username),
        method: wanted
            .method
            .map_or("device_code", |word| word.0)
            .to_owned(),
        validity_hours: hours.to_string(),
        lasting: false,
    }
    .parse()?;
    let unknown = tenant.entra_tenant_id.is_none() && tenant.domain.is_empty();
    if terms.method == Method::AppOnly && unknown {
        let message =
            "Microsoft has to be asked for a certain tenant: store the customer's domain first.";
        return Err(vec![FieldError::new("method", message)]);
    }
    Ok(terms)
}

async fn mail(op: &mut Op, holder: &KeyHolder, invitation: &Invitation) -> ApiResult<()> {
    if let Some(wait) = brake::wait(op, invitation.tenant_id).await? {
        return Err(too_many_mails(wait));
    }
    let mail = NewMail {
        invitation: Some(invitation.id),
        technician: holder.key.owner.display_name.clone(),
        ..NewMail::new(
            invitation.tenant_id,
            Kind::Invitation,
            &invitation.invitation_email,
            format!("by key {}", clock::ordered_uuid()),
        )
    };
    customer_mail::queue(op, holder.scope(), &mail).await?;
    Ok(())
}

fn too_many_mails(wait: Duration) -> Problem {
    let seconds = u32::try_from(wait.whole_seconds() + 1).unwrap_or(u32::MAX);
    let title = "Too many mails to this customer";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_mails", title)
        .detail(format!(
            "{} invitations were mailed to this customer within an hour. Nothing was done; give one of their links by another way, or wait.",
            brake::MOST
        ))
        .retry_after(seconds)
}

/// Mail, show and withdraw only what still works.
fn good(invitation: &Invitation) -> ApiResult<()> {
    if invitation.state.is_good() {
        Ok(())
    } else {
        Err(ended())
    }
}

fn ended() -> Problem {
    Problem::conflict(
        "invitation_ended",
        "This link no longer works: it was used, withdrawn or has run out. Make a new invitation.",
    )
}

async fn auth_url(
    State(app): State<App>,
    holder: KeyHolder,
    Path(id): Path<String>,
) -> ApiResult<Json<AuthUrl>> {
    let mut op = holder.begin(&app).await?;
    let invitation = find(&mut op, &holder, &id).await?;
    good(&invitation)?;
    invitation::record_shown(&mut op, &invitation).await?;
    op.commit().await?;
    let token = invitation::reveal(&app.keeper, &invitation)
        .await
        .map_err(link)?;
    Ok(Json(AuthUrl {
        auth_url: token.auth_url(&app.site.base_url),
        reference: invitation.reference,
        expires_at: At(invitation.expires_at),
    }))
}

async fn resend(
    State(app): State<App>,
    holder: KeyHolder,
    Path(id): Path<String>,
) -> ApiResult<Json<InvitationView>> {
    let mut op = holder.begin(&app).await?;
    let invitation = find(&mut op, &holder, &id).await?;
    good(&invitation)?;
    if invitation.invitation_email.is_empty() {
        return Err(Problem::conflict(
            "link_only",
            "This invitation has no address to mail it to.",
        ));
    }
    if app.mailer.is_none() {
        return Err(Problem::conflict(
            "no_mail_server",
            "No mail server is set up.",
        ));
    }
    mail(&mut op, &holder, &invitation).await?;
    let view = view(&mut op, &holder, &invitation).await?;
    op.commit().await?;
    Ok(Json(view))
}

async fn revoke(
    State(app): State<App>,
    holder: KeyHolder,
    Path(id): Path<String>,
) -> ApiResult<Json<InvitationView>> {
    let mut op = holder.begin(&app).await?;
    let before = find(&mut op, &holder, &id).await?;
    let flows = invitation::revoke(&mut op, holder.scope(), before.id)
        .await
        .map_err(|error| match error {
            EndError::NotThere => Problem::not_found(),
            EndError::NotGood => ended(),
            EndError::Database(error) => error.into(),
        })?;
    let after = find(&mut op, &holder, &id).await?;
    let view = view(&mut op, &holder, &after).await?;
    op.commit().await?;
    onboarding::forget(&app.keeper, before.tenant_id, &flows).await;
    Ok(Json(view))
}

fn link(error: LinkError) -> Problem {
    match error {
        LinkError::Keeper(unavailable) => unavailable.into(),
        LinkError::Refused(refusal) => WebError::from(refusal).into(),
        LinkError::Unexpected => WebError::Unexpected(error.into()).into(),
    }
}
