//! Mail an invitation's link and say in a sentence how it went. A failure never hides the link: it can be copied.

use crate::app::App;
use crate::domain::invitation::{self, Invitation, LinkToken};
use crate::domain::operations;
use crate::domain::tenant::Tenant;
use crate::mail::{InvitationLetter, SendError};
use crate::web::kit::error::WebError;
use crate::web::kit::notice::Tone;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when;

/// How the mailing ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The invitation has no address.
    LinkOnly,
    /// No mail server is configured.
    NoMailServer,
    Sent {
        to: String,
    },
    /// The reason fits into "The mail to … did not go out: …".
    Failed {
        to: String,
        reason: String,
    },
}

impl Delivery {
    /// The sentence for the technician.
    pub fn words(&self) -> (Tone, String) {
        match self {
            Self::LinkOnly => (
                Tone::Ok,
                "The link is ready. Copy it and give it to the administrator.".to_owned(),
            ),
            Self::NoMailServer => (
                Tone::Warn,
                "No mail was sent, because no mail server is set up. Copy the link and send it yourself."
                    .to_owned(),
            ),
            Self::Sent { to } => (Tone::Ok, format!("The invitation was mailed to {to}.")),
            Self::Failed { to, reason } => (
                Tone::Bad,
                format!("The mail to {to} did not go out: {reason}. Copy the link and send it yourself."),
            ),
        }
    }
}

/// Mail the link to the invitation's address, and count it. Called outside any transaction.
pub async fn deliver(
    app: &App,
    viewer: &Viewer,
    tenant: &Tenant,
    invitation: &Invitation,
    token: &LinkToken,
) -> Result<Delivery, WebError> {
    let to = invitation.invitation_email.clone();
    if to.is_empty() {
        return Ok(Delivery::LinkOnly);
    }
    let Some(mailer) = &app.mailer else {
        return Ok(Delivery::NoMailServer);
    };
    let letter = InvitationLetter {
        to: to.clone(),
        msp_name: app.site.msp_name.clone(),
        tenant_name: tenant.full_name.clone(),
        technician: viewer.display_name.clone(),
        reference: invitation.reference.clone(),
        auth_url: token.auth_url(&app.site.base_url),
        asks_pin: invitation.pin.asked,
        good_until: when::exact(invitation.expires_at),
        report_to: app.site.report_to.clone(),
    };
    let sent: Result<(), SendError> = async { mailer.send(letter.compose()?).await }.await;
    match sent {
        Ok(()) => {
            let mut op = viewer.begin(app).await?;
            invitation::record_sent(&mut op, invitation).await?;
            operations::record_mail(&mut op, Some(tenant.id), "invitation", "").await?;
            op.commit().await?;
            Ok(Delivery::Sent { to })
        }
        Err(error) => {
            tracing::warn!(error = ?error, invitation.id = %invitation.id, "an invitation could not be mailed");
            let reason = error.to_string();
            let mut op = viewer.begin(app).await?;
            operations::record_mail(&mut op, Some(tenant.id), "invitation", &reason).await?;
            op.commit().await?;
            Ok(Delivery::Failed { to, reason })
        }
    }
}
