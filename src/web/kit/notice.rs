//! A short word after a redirect: what was just done. Kept in the login session, shown once.

use serde::{Deserialize, Serialize};
use tower_sessions::Session;

const KEY: &str = "notice";

/// How a notice looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    Ok,
    Warn,
    Bad,
}

impl Tone {
    /// The banner's class.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Ok => "banner-ok",
            Self::Warn => "banner-warn",
            Self::Bad => "banner-bad",
        }
    }
}

/// One sentence for the next page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub tone: Tone,
    pub text: String,
}

/// Leave a notice for the next page of this session. A session that cannot be written loses the notice and nothing else.
pub async fn leave(session: &Session, tone: Tone, text: impl Into<String>) {
    let notice = Notice {
        tone,
        text: text.into(),
    };
    if let Err(error) = session.insert(KEY, &notice).await {
        tracing::warn!(%error, "a notice was lost");
    }
}

/// Take the notice that the last request left, if any.
pub async fn take(session: &Session) -> Option<Notice> {
    // Looked at first: removing, even nothing, would write the session at every page.
    session.get::<Notice>(KEY).await.ok().flatten()?;
    session.remove(KEY).await.ok().flatten()
}
