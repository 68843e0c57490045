//! Whoever holds an invitation link in this browser: the invitation, the flow they began, and where they stand.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum_extra::extract::cookie::CookieJar;

use super::cookies;
use super::face::Wish;
use crate::app::App;
use crate::domain::invitation::{self, Invitation};
use crate::domain::onboarding::{self, Flow, FlowSecret, Stage};
use crate::domain::op::{Actor, Op, Scope};
use crate::web::kit::error::WebError;
use crate::web::kit::headers::Nonce;
use crate::web::kit::peer::Asker;

/// One request of a browser that may hold a link.
#[derive(Debug)]
pub struct Visitor {
    pub jar: CookieJar,
    pub ip: String,
    pub nonce: String,
    /// The language of its pages.
    pub wish: Wish,
    request_id: String,
}

/// A visitor whose cookies name an invitation that we know.
#[derive(Debug)]
pub struct Holder {
    pub invitation: Invitation,
    /// The flow that this browser began for it.
    pub own: Option<(FlowSecret, Flow)>,
}

impl Visitor {
    /// Begin a unit of work in the name of the link's bearer.
    pub async fn begin(&self, app: &App) -> Result<Op, sqlx::Error> {
        let actor = Actor::Customer {
            ip: self.ip.clone(),
        };
        Ok(Op::begin(&app.pool, &app.clock, actor)
            .await?
            .for_request(&self.request_id))
    }

    /// What the cookies stand for, once the PIN was told where one is asked for.
    pub async fn holder(&self, app: &App, op: &mut Op) -> Result<Option<Holder>, sqlx::Error> {
        let holder = self.link_holder(app, op).await?;
        Ok(holder.filter(|holder| !self.is_locked(app, holder)))
    }

    /// The good invitation of this browser's link, while it waits for its PIN.
    pub async fn locked(&self, app: &App, op: &mut Op) -> Result<Option<Invitation>, sqlx::Error> {
        let holder = self.link_holder(app, op).await?;
        let locked = holder.filter(|holder| self.is_locked(app, holder));
        Ok(locked
            .map(|holder| holder.invitation)
            .filter(|invitation| invitation.state.is_good()))
    }

    /// A flow can only have been begun after the PIN was told: its secret opens as the pass does.
    fn is_locked(&self, app: &App, holder: &Holder) -> bool {
        let pass = cookies::pin_pass(app, &self.jar);
        holder.own.is_none() && !holder.invitation.pin.opens(pass.as_ref())
    }

    /// A link opened later wins over a flow begun for another.
    async fn link_holder(&self, app: &App, op: &mut Op) -> Result<Option<Holder>, sqlx::Error> {
        let invited = match cookies::link(app, &self.jar) {
            Some(token) => invitation::find_by_link(op, &token).await?,
            None => None,
        };
        let own = match cookies::flow(app, &self.jar) {
            Some(secret) => onboarding::find(op, &secret)
                .await?
                .map(|flow| (secret, flow)),
            None => None,
        };
        let invitation = match (invited, &own) {
            (Some(invitation), _) => Some(invitation),
            (None, Some((_, flow))) => {
                op.enter(flow.tenant_id).await?;
                invitation::find(op, Scope::one(flow.tenant_id), flow.invitation_id).await?
            }
            (None, None) => None,
        };
        if let Some(invitation) = &invitation {
            // The flow may have been another tenant's.
            op.enter(invitation.tenant_id).await?;
        }
        Ok(invitation.map(|invitation| Holder {
            own: own.filter(|(_, flow)| flow.invitation_id == invitation.id),
            invitation,
        }))
    }
}

impl Holder {
    /// The flow alone.
    pub fn flow(&self) -> Option<&Flow> {
        self.own.as_ref().map(|(_, flow)| flow)
    }

    /// May this browser see anything but the page for links that no longer work? A finished flow may be looked at by
    /// whoever finished it; everything else needs a good invitation.
    pub fn may_see(&self) -> bool {
        let finished = |flow: &Flow| matches!(flow.stage, Stage::Complete | Stage::Held(_));
        self.invitation.state.is_good() || self.flow().is_some_and(finished)
    }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, WebError> {
        let asker = Asker::of(parts);
        Ok(Self {
            jar: CookieJar::from_headers(&parts.headers),
            ip: asker.ip,
            wish: Wish::read(&parts.method, &parts.uri, &parts.headers),
            nonce: parts
                .extensions
                .get::<Nonce>()
                .map(|nonce| nonce.as_str().to_owned())
                .unwrap_or_default(),
            request_id: asker.request_id,
        })
    }
}
