//! Mail an invitation's link at once and say in a sentence how it went. A failure never hides the link: it can be copied.

use time::Duration;

use crate::app::App;
use crate::domain::customer_mail::{self, Kind, NewMail, Outcome, Sender, Taken, brake};
use crate::domain::invitation::{Invitation, LinkToken};
use crate::domain::op::Op;
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

/// A mail that is written down with what it tells of, so that a worker sends it should this process end before.
#[derive(Debug)]
pub enum Noted {
    /// Ours to hand over; its address.
    Ours(Box<Taken>, String),
    /// There is nothing to hand over.
    Settled(Delivery),
}

/// Write down the invitation's mail within the caller's transaction, once for one `once`.
pub async fn note(
    op: &mut Op,
    app: &App,
    viewer: &Viewer,
    invitation: &Invitation,
    once: Once,
) -> Result<Noted, sqlx::Error> {
    let to = invitation.invitation_email.clone();
    if to.is_empty() {
        return Ok(Noted::Settled(Delivery::LinkOnly));
    }
    if app.mailer.is_none() {
        return Ok(Noted::Settled(Delivery::NoMailServer));
    }
    let mail = NewMail {
        language: None,
        invitation: Some(invitation.id),
        technician: viewer.display_name.clone(),
        // Whoever presses the button again on a page loaded anew means it.
        ..NewMail::new(
            invitation.tenant_id,
            Kind::Invitation,
            &to,
            format!("by hand {} {once}", invitation.id),
        )
    };
    // Asked first: it also keeps the same click from elsewhere waiting until this one is through.
    let wait = brake::wait(op, invitation.tenant_id).await?;
    if customer_mail::is_there(op, &mail).await? {
        return Ok(Noted::Settled(Delivery::Before { to }));
    }
    if let Some(wait) = wait {
        return Ok(Noted::Settled(Delivery::Braked { to, wait }));
    }
    Ok(match customer_mail::take_at_once(op, &mail).await? {
        Some(taken) => Noted::Ours(Box::new(taken), to),
        None => Noted::Settled(Delivery::Before { to }),
    })
}

/// Send what was noted. Called when that transaction is through.
pub async fn hand_over(
    app: &App,
    viewer: &Viewer,
    noted: Noted,
    token: &LinkToken,
) -> Result<Delivery, sqlx::Error> {
    let (taken, to) = match noted {
        Noted::Ours(taken, to) => (taken, to),
        Noted::Settled(delivery) => return Ok(delivery),
    };
    let sender = Sender {
        actor: viewer.actor(),
        request_id: viewer.request_id().to_owned(),
        ..app.sender()
    };
    Ok(match sender.once(&taken, Some(token)).await? {
        Outcome::Sent => Delivery::Sent { to },
        Outcome::Failed(reason) | Outcome::Later(reason) => Delivery::Failed { to, reason },
        Outcome::Cancelled(reason) => Delivery::Failed {
            to,
            reason: reason.to_owned(),
        },
    })
}
