//! How a login is kept alive: by what a person does, and not by what a page does by itself.

use axum::http::{HeaderMap, header};
use tower_sessions::Session;

use super::store::hash;
use super::{ABSOLUTE, ENDS_KEY, GESTURES_KEY, IDLE, RENEWAL};
use crate::app::App;
use crate::web::kit::error::WebError;

/// Somebody is still there: move the idle end. What a page does by itself (a live stream, a reload by script) does not
/// count.
pub async fn keep_alive(session: &Session, headers: &HeaderMap, app: &App) -> Result<(), WebError> {
    let tells_gestures = session.get(GESTURES_KEY).await?.unwrap_or(false);
    let Some(id) = session.id() else {
        return Ok(());
    };
    if !is_by_hand(headers, tells_gestures) {
        return Ok(());
    }
    let now = app.clock.now();
    let due = (now + IDLE - RENEWAL).unix_timestamp();
    if session
        .get::<i64>(ENDS_KEY)
        .await?
        .is_some_and(|ends| ends > due)
    {
        return Ok(());
    }
    sqlx::query!(
        "update login_sessions set last_seen_at = $5, expires_at = least($2, created_at + make_interval(secs => $3))
         where id_hash = $1 and expires_at < $4",
        hash(&id),
        now + IDLE,
        ABSOLUTE.as_seconds_f64(),
        now + IDLE - RENEWAL,
        now,
    )
    .execute(&app.pool)
    .await?;
    Ok(())
}

/// Whether a person caused this request. Browsers that tell it mark navigations begun by a person with `Sec-Fetch-User`
/// (W3C Fetch Metadata section 2.4); of the others every navigation counts.
pub(super) fn is_by_hand(headers: &HeaderMap, tells_gestures: bool) -> bool {
    let is = |name: &str, wanted: &[u8]| {
        headers
            .get(name)
            .is_none_or(|value| value.as_bytes() == wanted)
    };
    let is_stream = headers
        .get(header::ACCEPT)
        .is_some_and(|kinds| kinds.as_bytes().starts_with(b"text/event-stream"));
    !is_stream
        && is("sec-fetch-mode", b"navigate")
        && (!tells_gestures || headers.contains_key("sec-fetch-user"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_hand(pairs: &[(&'static str, &'static str)], tells_gestures: bool) -> bool {
        let headers = pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        is_by_hand(&headers, tells_gestures)
    }

    #[test]
    fn what_a_person_does_keeps_the_login_alive() {
        let click = [("sec-fetch-mode", "navigate"), ("sec-fetch-user", "?1")];
        assert!(by_hand(&click, true));
        assert!(by_hand(&click[..1], false), "a browser that never tells");
        assert!(by_hand(&[], false), "an old browser");
    }

    #[test]
    fn what_a_page_does_by_itself_does_not() {
        assert!(
            !by_hand(&[("sec-fetch-mode", "navigate")], true),
            "a reload by script"
        );
        assert!(!by_hand(
            &[("sec-fetch-mode", "cors"), ("accept", "text/event-stream")],
            false
        ));
        assert!(!by_hand(&[("accept", "text/event-stream")], false));
        assert!(!by_hand(&[("sec-fetch-mode", "cors")], false));
    }
}
