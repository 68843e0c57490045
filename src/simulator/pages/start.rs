//! One sign-in from its beginning: what it is for, and which step it starts with.

use axum::http::HeaderMap;
use axum::response::Response;
use time::OffsetDateTime;
use uuid::Uuid;

use super::browsers::Session;
use super::interaction::settle;
use super::steps::Outcome;
use crate::simulator::aadsts::{self, Aadsts};
use crate::simulator::directory::{App, Wanted};
use crate::simulator::site::{Call, Site};
use crate::simulator::tokens::{
    AdminConsentRequest, AuthorizeRequest, Flow, Prompt, Scopes, SignedIn,
};

/// A sign-in under way.
#[derive(Clone, Debug)]
pub struct Interaction {
    pub purpose: Purpose,
    pub app: App,
    /// The tenant it is for; absent: that of whoever signs in.
    pub tenant: Option<Uuid>,
    pub correlation_id: Uuid,
    pub started_at: OffsetDateTime,
    pub step: Step,
    /// A sentence about what was wrong with the last input.
    pub notice: Option<String>,
}

/// What the sign-in is for.
#[derive(Clone, Debug)]
pub enum Purpose {
    Device { user_code: String, scopes: Scopes },
    Authorize(AuthorizeRequest),
    AdminConsent(AdminConsentRequest),
}

/// The page that is shown next.
#[derive(Clone, Debug)]
pub enum Step {
    /// Choose between the signed-in account and another.
    Pick(Session),
    /// Ask for the user name; what was typed or hinted.
    Account(String),
    Password {
        user: Uuid,
    },
    /// Ask for the code that the simulated phone shows; `enrol`: the phone is being registered.
    SecondFactor {
        user: Uuid,
        code: String,
        enrol: bool,
    },
    /// "Are you trying to sign in to …?", device code only.
    Confirm(SignedIn),
    Consent {
        signed_in: SignedIn,
        wanted: Vec<Wanted>,
        for_all: bool,
    },
    /// An administrator is needed; with the workflow a request can be sent.
    Approval {
        signed_in: SignedIn,
        wanted: Vec<Wanted>,
        workflow: bool,
    },
    /// The request for approval was sent.
    Requested,
    /// Signed in by device code; this window may be closed.
    Done,
    /// Cancelled on the device code's way.
    Cancelled,
    Failed(Box<Aadsts>),
}

impl Interaction {
    pub fn new(purpose: Purpose, app: App, tenant: Option<Uuid>, call: &Call) -> Self {
        Self {
            purpose,
            app,
            tenant,
            correlation_id: call.correlation_id,
            started_at: call.now,
            step: Step::Account(String::new()),
            notice: None,
        }
    }

    pub fn flow(&self) -> Flow {
        match self.purpose {
            Purpose::Device { .. } => Flow::DeviceCode,
            Purpose::Authorize(_) | Purpose::AdminConsent(_) => Flow::Browser,
        }
    }

    pub fn scopes(&self) -> &Scopes {
        match &self.purpose {
            Purpose::Device { scopes, .. } => scopes,
            Purpose::Authorize(request) => &request.scopes,
            Purpose::AdminConsent(request) => &request.scopes,
        }
    }

    pub fn prompt(&self) -> Prompt {
        match &self.purpose {
            Purpose::Authorize(request) => request.prompt,
            Purpose::Device { .. } | Purpose::AdminConsent(_) => Prompt::Unset,
        }
    }

    fn login_hint(&self) -> Option<&str> {
        match &self.purpose {
            Purpose::Authorize(request) => request.login_hint.as_deref(),
            Purpose::Device { .. } | Purpose::AdminConsent(_) => None,
        }
    }

    /// Put the first step in place: a signed-in browser picks its account or passes by single sign-on, everybody else
    /// names an account, unless the client's hint has named it.
    pub fn first_step(&mut self, site: &Site, headers: &HeaderMap) -> Outcome {
        let now = self.started_at;
        let hint = self.login_hint().unwrap_or_default().to_owned();
        let prompt = self.prompt();
        let found = site.directory.read(|state| {
            let session = site.browsers.session(headers, state, now)?;
            let upn = state.users.get(&session.user)?.upn.clone();
            Some((session, upn))
        });
        let silent = matches!(self.purpose, Purpose::Authorize(_))
            && matches!(prompt, Prompt::Unset | Prompt::None | Prompt::Consent);
        match found {
            Some((session, upn))
                if silent && (hint.is_empty() || hint.eq_ignore_ascii_case(&upn)) =>
            {
                return self.signed_in(site, &session);
            }
            Some((session, _)) if prompt != Prompt::Login && hint.is_empty() => {
                self.step = Step::Pick(session);
            }
            _ if hint.is_empty() => self.step = Step::Account(String::new()),
            _ => self.account(site, &hint),
        }
        Outcome::Show
    }
}

/// Keep `interaction` and send the browser to its first page, or back at once if none is needed.
pub fn begin(
    site: &Site,
    call: &Call,
    mut interaction: Interaction,
    headers: &HeaderMap,
) -> Response {
    let outcome = interaction.first_step(site, headers);
    if interaction.prompt() == Prompt::None && matches!(outcome, Outcome::Show) {
        let silence = match &interaction.step {
            Step::Consent { .. } | Step::Approval { .. } => {
                aadsts::consent_missing(interaction.app.client_id, &interaction.app.name)
                    .named("consent_required")
            }
            Step::Failed(failure) => (**failure).clone().named("interaction_required"),
            Step::SecondFactor { .. } => {
                aadsts::mfa_required(interaction.scopes().resource.app_id())
                    .named("interaction_required")
            }
            _ => aadsts::login_required(),
        };
        return settle(site, call, None, &interaction, Outcome::Refuse(silence));
    }
    let id = site.browsers.begin(interaction.clone());
    settle(site, call, Some(&id), &interaction, outcome)
}
