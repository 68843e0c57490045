//! Making, changing, switching, testing and forgetting a channel, each with its audit entry.

use time::Duration;
use uuid::Uuid;

use super::prepare::{Prepared, SealedKey};
use super::{Channel, ChannelError, ChannelKind, ChannelState, Created, channel};
use crate::domain::alert::store::channels::SecretKind;
use crate::domain::alert::{Message, Step, store};
use crate::domain::audit::Entry;
use crate::domain::op::Op;
use crate::domain::tenant::FieldError;
use crate::keeper::text::Text;

/// A key that was replaced signs beside the new one for so long.
const OVERLAP: Duration = Duration::days(1);

/// Add a channel.
pub async fn add(op: &mut Op, prepared: Prepared) -> Result<Created, ChannelError> {
    if !store::channels::insert(op, &prepared.row()).await? {
        return Err(name_taken());
    }
    keep_secrets(op, &prepared).await?;
    note_prepared(op, "alert_channel.added", &prepared).await?;
    Ok(Created {
        id: prepared.id,
        secret: prepared.key.map(|key| key.secret),
    })
}

/// Change name, recipients, rhythm, or the address when one was typed.
pub async fn update_channel(op: &mut Op, prepared: &Prepared) -> Result<(), ChannelError> {
    there(op, prepared.id).await?;
    if !store::channels::update(op, &prepared.row()).await? {
        return Err(name_taken());
    }
    keep_secrets(op, prepared).await?;
    Ok(note_prepared(op, "alert_channel.changed", prepared).await?)
}

async fn there(op: &mut Op, id: Uuid) -> Result<Channel, ChannelError> {
    channel(op, id).await?.ok_or(ChannelError::NotThere)
}

fn name_taken() -> ChannelError {
    let error = FieldError::new("name", "Another channel has this name.");
    ChannelError::Fields(vec![error])
}

async fn keep_secrets(op: &mut Op, prepared: &Prepared) -> Result<(), sqlx::Error> {
    let id = prepared.id;
    if let Some(url) = &prepared.url {
        store::channels::drop_secrets(op, id, SecretKind::Url).await?;
        store::channels::insert_secret(op, id, SecretKind::Url, url.id, &url.ciphertext).await?;
    }
    match &prepared.key {
        Some(key) => keep_key(op, id, key).await,
        None => Ok(()),
    }
}

async fn keep_key(op: &mut Op, channel: Uuid, key: &SealedKey) -> Result<(), sqlx::Error> {
    let until = op.now() + OVERLAP;
    store::channels::end_secrets(op, channel, until).await?;
    let (id, ciphertext) = (key.sealed.id, &key.sealed.ciphertext);
    store::channels::insert_secret(op, channel, SecretKind::Signing, id, ciphertext).await
}

/// Take the new key in place of this one, which signs beside it for a day. Gives the new one, shown once.
///
/// Whoever sees another key than the one in use replaces nothing: a second click would end the key that receivers have.
pub async fn rotate(
    op: &mut Op,
    id: Uuid,
    instead_of: Option<Uuid>,
    key: SealedKey,
) -> Result<Text, ChannelError> {
    store::channels::lock(op, id).await?;
    let found = there(op, id).await?;
    if found.key != instead_of {
        return Err(ChannelError::Replaced);
    }
    keep_key(op, id, &key).await?;
    note(op, "alert_channel.key_rotated", &found).await?;
    Ok(key.secret)
}

/// Switch it on or off. On, what waited goes out.
pub async fn set_state(op: &mut Op, id: Uuid, on: bool) -> Result<Channel, ChannelError> {
    let found = there(op, id).await?;
    let (state, action) = if on {
        (ChannelState::Active, "alert_channel.enabled")
    } else {
        (ChannelState::Off, "alert_channel.disabled")
    };
    if found.state != state {
        store::channels::set_state(op, id, state).await?;
        if on {
            store::deliveries::pull_forward(op, id).await?;
        }
        note(op, action, &found).await?;
    }
    Ok(found)
}

/// Forget it, with everything that waits for it. Not while a rule that is on has no other: it would fall silent unnoticed.
pub async fn remove_channel(op: &mut Op, id: Uuid) -> Result<(), ChannelError> {
    let found = there(op, id).await?;
    if found.kind == ChannelKind::Owners {
        return Err(ChannelError::Fixed);
    }
    let rules = store::rules::all(op).await?.into_iter();
    let needing = rules.filter(|rule| rule.enabled && rule.channels == [id]);
    let needing: Vec<String> = needing.map(|rule| rule.name).collect();
    if !needing.is_empty() {
        return Err(ChannelError::Needed(needing));
    }
    store::channels::delete(op, id).await?;
    Ok(note(op, "alert_channel.removed", &found).await?)
}

/// Write a test message for it; it goes out like any other.
pub async fn test(op: &mut Op, id: Uuid, link: String) -> Result<Uuid, ChannelError> {
    let found = there(op, id).await?;
    let message = match found.kind {
        ChannelKind::Heartbeat => Message::heartbeat(link, op.now()),
        _ => Message::test(link, op.now()),
    };
    let delivery = store::deliveries::insert(op, id, None, Step::Told, &message, None).await?;
    note(op, "alert_channel.tested", &found).await?;
    Ok(delivery)
}

async fn note(op: &mut Op, action: &'static str, about: &Channel) -> Result<(), sqlx::Error> {
    entry(action, about.id, &about.name, about.kind)
        .write(op)
        .await
}

async fn note_prepared(
    op: &mut Op,
    action: &'static str,
    about: &Prepared,
) -> Result<(), sqlx::Error> {
    entry(action, about.id, &about.new.name, about.kind)
        .write(op)
        .await
}

fn entry(action: &'static str, id: Uuid, name: &str, kind: ChannelKind) -> Entry {
    Entry::new(action)
        .object("alert_channel", id)
        .detail("name", name)
        .detail("kind", kind.as_str())
}
