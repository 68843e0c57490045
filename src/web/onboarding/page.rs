//! The onboarding page at its clean address: all five steps, and every failure.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;

use super::face::Face;
use super::holder::{Holder, Visitor};
use super::inviter::Inviter;
use super::link;
use super::pin;
use super::view::{Part, StartPart, fingerprint};
use crate::app::App;
use crate::domain::invitation::Method;
use crate::domain::onboarding::{self, Flow, FlowSecret, Progress, Stage};
use crate::domain::op::Op;
use crate::keeper::message::{Reply, Request};
use crate::keeper::text::Text;
use crate::language::Phrase;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::Query;
use crate::web::kit::paging::with_query;
use crate::web::kit::paths;

/// Longest wait of a page for an address that the keeper builds.
const LOOK: Duration = Duration::from_secs(3);

/// The page; one part of it belongs to the present step.
#[derive(Template, askama_web::WebTemplate)]
#[template(path = "onboarding/page.html")]
pub struct OnboardingPage {
    pub nonce: String,
    pub face: Face,
    pub inviter: Inviter,
    pub part: Part,
    /// What could not be asked just now.
    pub later: Option<Later>,
    /// Where the page listens for changes; none when it does not change by itself.
    pub live: Option<String>,
}

/// Why a button could not do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later {
    Microsoft,
    Keeper,
}

impl Later {
    /// The way back to the page, with the word.
    pub const fn address(self) -> &'static str {
        match self {
            Self::Microsoft => paths::ONBOARDING_LATER,
            Self::Keeper => paths::ONBOARDING_AWAY,
        }
    }

    fn read(query: &str) -> Option<Self> {
        match query {
            "" => None,
            "keeper" => Some(Self::Keeper),
            _ => Some(Self::Microsoft),
        }
    }
}

impl OnboardingPage {
    /// The progress line: name, and whether it is `done`, `now` or to come.
    pub fn steps(&self) -> Vec<(&'static Phrase, &'static str)> {
        let present = self.part.step();
        let all_done = matches!(self.part, Part::Done(_));
        let state = |number: usize| match number.cmp(&present) {
            std::cmp::Ordering::Less => "done",
            std::cmp::Ordering::Equal if all_done => "done",
            std::cmp::Ordering::Equal => "now",
            std::cmp::Ordering::Greater => "",
        };
        let words = self.face.words;
        [
            &words.step_invitation,
            &words.step_administrator,
            &words.step_sign_in,
            &words.step_access,
            &words.step_done,
        ]
        .into_iter()
        .enumerate()
        .map(|(index, name)| (name, state(index + 1)))
        .collect()
    }
}

#[derive(Debug, Deserialize)]
pub struct PageQuery {
    /// Set when a button could not do its work: see [`Later`].
    #[serde(default)]
    later: String,
}

/// GET: where this browser stands. Changes nothing.
pub async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<PageQuery>,
) -> WebResult {
    let wish = visitor.wish;
    let answer = look(&app, visitor, &query).await?;
    Ok(wish.keep(&app, answer))
}

async fn look(app: &App, visitor: Visitor, query: &PageQuery) -> WebResult {
    let mut op = visitor.begin(app).await?;
    let now = op.now();
    if let Some(invitation) = visitor.locked(app, &mut op).await? {
        return pin::ask(app, &mut op, &visitor, &invitation).await;
    }
    let holder = visitor.holder(app, &mut op).await?.filter(Holder::may_see);
    let Some(holder) = holder else {
        return Ok(link::invalid(app, &visitor).await);
    };
    let Some(inviter) = Inviter::read(app, &mut op, &visitor, &holder.invitation).await? else {
        return Ok(link::invalid(app, &visitor).await);
    };
    let elsewhere = onboarding::lives_elsewhere(&mut op, &holder.invitation, holder.flow()).await?;
    let (part, live) = match &holder.own {
        _ if elsewhere => (Part::Elsewhere, None),
        Some((_, flow)) if flow.stage == Stage::Superseded => (start(&holder), None),
        Some((secret, flow)) => {
            let progress = onboarding::progress(&mut op, flow).await?;
            let seen = fingerprint(flow, &progress, now);
            drop(op);
            let address = consent_address(app, secret, flow).await;
            let part = Part::of(flow, &inviter, &progress, address, now);
            let live = with_query(paths::ONBOARDING_EVENTS, &[("seen", &seen)], &[]);
            let live = part.is_live().then_some(live);
            (part, live)
        }
        None => (start(&holder), None),
    };
    let page = OnboardingPage {
        nonce: visitor.nonce,
        face: inviter.face.clone(),
        inviter,
        part,
        later: Later::read(&query.later),
        live,
    };
    Ok(page.into_response())
}

fn start(holder: &Holder) -> Part {
    Part::Start(StartPart {
        admin_username: holder.invitation.expected_admin.clone(),
        fixed: !holder.invitation.expected_admin.is_empty(),
        someone_else: false,
        device: holder.invitation.method == Method::DeviceCode,
        fixed_method: holder
            .invitation
            .fixes_method()
            .then_some(holder.invitation.method),
        error: None,
    })
}

/// Microsoft's consent page, when consent is missing and a trip there is prepared. The keeper only builds an address; when it
/// does not answer the page offers to prepare a trip instead.
async fn consent_address(app: &App, secret: &FlowSecret, flow: &Flow) -> Option<String> {
    let missing = matches!(flow.stage, Stage::ConsentNeeded | Stage::AwaitingApproval);
    let out = secret.leg_is_out(flow) && flow.expires_at > app.clock.now();
    if !(missing && out) {
        return None;
    }
    let request = Request::ConsentAddress {
        tenant_id: flow.tenant_id.as_uuid(),
        flow_id: flow.id.as_uuid(),
        state: Text::new(secret.leg_state()),
    };
    // A look at the page does not wait for a keeper that hangs.
    let asked = tokio::time::timeout(LOOK, app.keeper.ask(request)).await;
    match asked {
        Ok(Ok(Reply::Address { url })) => Some(url),
        _ => None,
    }
}

/// What a waiting page compares: the flow of this browser and its progress, in short. None when there is nothing to wait for.
pub async fn present(
    app: &App,
    op: &mut Op,
    secret: &FlowSecret,
) -> Result<Option<(Flow, String)>, sqlx::Error> {
    let now = app.clock.now();
    let Some(flow) = onboarding::find(op, secret).await? else {
        return Ok(None);
    };
    let progress: Progress = onboarding::progress(op, &flow).await?;
    let seen = fingerprint(&flow, &progress, now);
    Ok(Some((flow, seen)))
}
