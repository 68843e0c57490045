//! What will happen when: the dates that are known, the nearest first. Pure.

use time::{Duration, OffsetDateTime};

use crate::domain::connection::{Credential, Detail, ShownState};
use crate::web::kit::when::When;

/// A credential that ends later than this is not news.
const CREDENTIALS_AHEAD: Duration = Duration::days(365);

/// One thing to come.
#[derive(Clone, Debug)]
pub struct Coming {
    pub at: When,
    pub words: String,
}

/// From what is known of a tenant at `now`.
pub fn of(
    detail: Option<&Detail>,
    next_refresh: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Vec<Coming> {
    let Some(detail) = detail else {
        return Vec::new();
    };
    let mut events: Vec<(OffsetDateTime, String)> = Vec::new();
    if let Some(at) = next_refresh {
        events.push((at.max(now), "Tokens are renewed.".to_owned()));
    }
    let alive = !matches!(
        detail.row.state,
        ShownState::Expired | ShownState::NotConnected
    );
    if let Some((at, why)) = detail.row.expires.filter(|_| alive) {
        events.push((at, format!("The authorisation ends: {}.", why.label())));
    }
    for credential in &detail.credentials {
        if let Some(at) = credential
            .not_after
            .filter(|at| *at < now + CREDENTIALS_AHEAD)
        {
            events.push((at, ends(credential)));
        }
    }
    if let Some(invitation) = &detail.open_invitation {
        let words = format!("The invitation {} lapses.", invitation.reference);
        events.push((invitation.expires_at, words));
    }
    events.retain(|(at, _)| *at >= now);
    events.sort();
    events
        .into_iter()
        .map(|(at, words)| Coming {
            at: When::new(at, now),
            words,
        })
        .collect()
}

fn ends(credential: &Credential) -> String {
    match credential.kind.as_str() {
        "certificate" => format!("Our certificate {} ends.", credential.hint),
        _ => format!("Our client secret ending in {} ends.", credential.hint),
    }
}
