//! Every refusal is in the audit log: by role, by scope, from another site. Refused requests cost an attacker nothing, so the
//! first of a kind in a minute is written and the rest of that minute is counted, with one more entry at its end; and of kinds
//! there are so many a minute. Writing happens beside the answer, so that its time tells nobody what was refused.

mod counts;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::Response;

use super::log::route_of;
use super::peer::Asker;
use crate::app::App;
use crate::domain::audit::{Entry, Outcome};
use crate::domain::op::{Actor, Op};
use crate::domain::technician::Technician;
use counts::{Counted, Counts, Kind, Verdict};

/// Refusals of one kind are added up for so long.
const MINUTE: Duration = Duration::from_mins(1);

/// Why something was refused. Put into a response's extensions by whoever refuses; the answer stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Denied {
    /// The technician's role does not allow it.
    Role,
    /// The object is there and outside what the technician may see; the answer is that of an absent one.
    Scope,
    /// A change that does not come from a page of ours.
    CrossSite,
    /// A factor must be used again before this.
    StepUp,
}

impl Denied {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Scope => "scope",
            Self::CrossSite => "cross_site",
            Self::StepUp => "step_up",
        }
    }
}

/// Who is behind a request, once it is known; travels in its extensions.
#[derive(Clone, Debug, Default)]
pub struct Known(Arc<OnceLock<Actor>>);

impl Known {
    /// A script came with this key.
    pub fn is_key(&self, actor: Actor) {
        let _ = self.0.set(actor);
    }

    /// A technician is signed in.
    pub fn is(&self, technician: &Technician, ip: &str) {
        // Asked for several times by one request: the first answer stays.
        let _ = self.0.set(technician.acting_from(ip.to_owned()));
    }
}

/// A request whose answer may be a refusal.
#[derive(Debug)]
pub struct Watched {
    known: Known,
    asker: Asker,
    method: Method,
}

/// Refusals of this process.
#[derive(Clone)]
pub struct Denials {
    app: App,
    counts: Arc<Mutex<Counts>>,
}

impl Denials {
    pub fn new(app: App) -> Self {
        Self {
            app,
            counts: Arc::default(),
        }
    }

    /// What they are written with.
    pub const fn app(&self) -> &App {
        &self.app
    }

    /// Before the handler: who may come to be known.
    pub fn watch(request: &mut Request) -> Watched {
        let known = Known::default();
        request.extensions_mut().insert(known.clone());
        Watched {
            known,
            asker: Asker::of_request(request),
            method: request.method().clone(),
        }
    }

    /// After it, outside of everything that refuses: note a refusal.
    pub fn note(&self, watched: Watched, response: &Response) {
        let Some(why) = denied(response) else {
            return;
        };
        let asker = watched.asker;
        let known = watched.known.0.get().cloned();
        let actor = known.unwrap_or_else(|| Actor::Visitor {
            ip: asker.ip.clone(),
        });
        let kind = Kind {
            who: who(&actor, &asker.ip),
            route: route_of(response).unwrap_or_default().to_owned(),
            method: watched.method.as_str().to_owned(),
            why: why.as_str(),
        };
        self.count(kind, actor, asker.request_id);
    }

    fn count(&self, kind: Kind, actor: Actor, request_id: String) {
        let verdict = self.counts().refused(&kind, &actor);
        if verdict == Verdict::Counted {
            return;
        }
        let begun = verdict == Verdict::FirstOfMinute;
        let denials = self.clone();
        tokio::spawn(async move {
            write(&denials.app, &kind, actor, &request_id, None).await;
            if begun {
                tokio::time::sleep(MINUTE).await;
                denials.settle().await;
            }
        });
    }

    /// The minute is over: what was counted is written.
    async fn settle(&self) {
        let counted: Vec<Counted> = self.counts().settle();
        for one in counted {
            write(&self.app, &one.kind, one.actor, "", Some(one.times)).await;
        }
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        // Whole between any two statements.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A refusal that nobody named is that of the layers against other sites: nothing else answers so.
fn denied(response: &Response) -> Option<Denied> {
    let named = response.extensions().get::<Denied>().copied();
    named.or((response.status() == StatusCode::FORBIDDEN).then_some(Denied::CrossSite))
}

/// By whom refusals are counted: the technician, or the network that a visitor may have all the addresses of.
fn who(actor: &Actor, ip: &str) -> String {
    match (actor, ip.parse()) {
        (Actor::Technician { id, .. }, _) => id.to_string(),
        (Actor::Key { id, .. }, _) => id.to_string(),
        (_, Ok(IpAddr::V6(ip))) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        _ => ip.to_owned(),
    }
}

/// Nothing was done, so there is nothing that could fail with it; the log says when it cannot be written.
async fn write(app: &App, kind: &Kind, actor: Actor, request_id: &str, times: Option<u32>) {
    let action = match times {
        None => "request.denied",
        Some(_) => "request.denied_again",
    };
    let written = async {
        let mut op = Op::begin(&app.pool, &app.clock, actor)
            .await?
            .for_request(request_id);
        let mut entry = Entry::new(action)
            .outcome(Outcome::Denied)
            .detail("why", kind.why)
            .detail("method", kind.method.as_str())
            .detail("route", kind.route.as_str());
        if let Some(times) = times {
            entry = entry.detail("times", times);
        }
        entry.write(&mut op).await?;
        op.commit().await
    };
    if let Err(error) = written.await {
        tracing::warn!(%error, "a refusal cannot be written into the audit log");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_is_counted_by_network() {
        let who = |ip: &str| who(&Actor::Visitor { ip: ip.into() }, ip);
        assert_eq!(who("192.0.2.7"), "192.0.2.7");
        assert_eq!(who("2001:db8:1:2:3::9"), who("2001:db8:1:2:ffff::1"));
        assert_ne!(who("2001:db8:1:2::9"), who("2001:db8:1:3::9"));
    }
}
