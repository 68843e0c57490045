//! Mail an invitation's link at once and say in a sentence how it went. A failure never hides the link: it can be copied.

use time::Duration;

use crate::app::App;
use crate::domain::customer_mail::{self, Kind, NewMail, Outcome, Sender, brake};
use crate::domain::invitation::{Invitation, LinkToken};
use crate::domain::tenant::Tenant;
use crate::web::kit::error::WebError;
use crate::web::kit::notice::Tone;
use crate::web::kit::once::Once;
use crate::web::kit::viewer::Viewer;

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
    /// So many went to this customer that another has to wait.
    Braked {
        to: String,
        wait: Duration,
    },
    /// The same click came before.
    Before {
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
            Self::Braked { to, wait } => (
                Tone::Bad,
                format!(
                    "No mail went to {to}: {} were written to this customer within an hour. Copy the link and send it yourself, or mail it again in {} minutes.",
                    brake::MOST,
                    wait.whole_minutes() + 1
                ),
            ),
            Self::Before { to } => (
                Tone::Warn,
                format!("Nothing was mailed again: this was the same click a second time. To write to {to} once more, press the button again."),
            ),
            Self::Failed { to, reason } => (
                Tone::Bad,
                format!("The mail to {to} did not go out: {reason}. Copy the link and send it yourself."),
            ),
        }
    }
}

/// Mail the link to the invitation's address, and count it; once for one `once`. Called outside any transaction.
pub async fn deliver(
    app: &App,
    viewer: &Viewer,
    tenant: &Tenant,
    invitation: &Invitation,
    token: &LinkToken,
    once: Once,
) -> Result<Delivery, WebError> {
    let to = invitation.invitation_email.clone();
    if to.is_empty() {
        return Ok(Delivery::LinkOnly);
    }
    if app.mailer.is_none() {
        return Ok(Delivery::NoMailServer);
    }
    let mail = NewMail {
        language: None,
        invitation: Some(invitation.id),
        technician: viewer.display_name.clone(),
        // Whoever presses the button again on a page loaded anew means it.
        ..NewMail::new(
            tenant.id,
            Kind::Invitation,
            &to,
            format!("by hand {} {once}", invitation.id),
        )
    };
    let mut op = viewer.begin(app).await?;
    if let Some(wait) = brake::wait(&mut op, tenant.id).await? {
        return Ok(Delivery::Braked { to, wait });
    }
    let taken = customer_mail::take_at_once(&mut op, &mail).await?;
    op.commit().await?;
    let Some(taken) = taken else {
        return Ok(Delivery::Before { to });
    };
    let sender = Sender {
        actor: viewer.actor(),
        request_id: viewer.request_id().to_owned(),
        ..app.sender()
    };
    match sender.once(&taken, Some(token)).await? {
        Outcome::Sent => Ok(Delivery::Sent { to }),
        Outcome::Failed(reason) | Outcome::Later(reason) => Ok(Delivery::Failed { to, reason }),
        Outcome::Cancelled(reason) => Ok(Delivery::Failed {
            to,
            reason: reason.to_owned(),
        }),
    }
}
