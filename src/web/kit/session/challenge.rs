//! The one open challenge of a session: kept on our side, taken once, for five minutes.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::types::Json;
use time::Duration;
use tower_sessions::Session;

use super::store::hash;
use crate::app::App;
use crate::web::kit::error::WebError;

const LIFETIME: Duration = Duration::minutes(5);

/// Remember a challenge; a former one is forgotten. Does nothing for a session that is not stored.
pub async fn keep_challenge(
    app: &App,
    session: &Session,
    challenge: &(impl Serialize + Sync),
) -> Result<(), WebError> {
    let Some(id) = session.id() else {
        return Ok(());
    };
    let value = serde_json::to_value(challenge).map_err(anyhow::Error::from)?;
    sqlx::query!(
        "update login_sessions set challenge = $2, challenge_until = $3 where id_hash = $1",
        hash(&id),
        value,
        app.clock.now() + LIFETIME,
    )
    .execute(&app.pool)
    .await?;
    Ok(())
}

/// Take the challenge, whatever comes of it: nobody gets it a second time.
pub async fn take_challenge<T: DeserializeOwned>(
    app: &App,
    session: &Session,
) -> Result<Option<T>, WebError> {
    let Some(id) = session.id() else {
        return Ok(None);
    };
    let row = sqlx::query!(
        r#"with open as (select id_hash, challenge, challenge_until from login_sessions
                         where id_hash = $1 and challenge is not null for update)
           update login_sessions s set challenge = null, challenge_until = null from open
           where s.id_hash = open.id_hash
           returning open.challenge as "challenge!: Json<serde_json::Value>", open.challenge_until > $2 as "is_open!""#,
        hash(&id),
        app.clock.now(),
    )
    .fetch_optional(&app.pool)
    .await?;
    let open = row.filter(|row| row.is_open);
    Ok(open.and_then(|row| serde_json::from_value(row.challenge.0).ok()))
}
