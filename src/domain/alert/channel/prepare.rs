//! What of a channel is a secret, sealed by the keeper: outside any transaction, before the channel is written.

use uuid::Uuid;

use super::input::{Address, NewChannel};
use super::{Channel, ChannelError, ChannelInput, ChannelKind};
use crate::clock::ordered_uuid;
use crate::domain::alert::store::channels::NewRow;
use crate::keeper;
use crate::keeper::message::alerts::{Answer, Ask};
use crate::keeper::message::{Reply, Request};
use crate::keeper::text::Text;
use crate::outbound::guard::Guard;

/// One sealed value, under the id that it is sealed to.
#[derive(Debug)]
pub(super) struct Sealed {
    pub id: Uuid,
    pub ciphertext: Vec<u8>,
}

/// A key to sign with: sealed on its way into the database, and as it is shown, once.
#[derive(Debug)]
pub struct SealedKey {
    pub(super) sealed: Sealed,
    pub(super) secret: Text,
}

/// A channel that was typed well and whose secrets are sealed, ready to be written.
#[derive(Debug)]
pub struct Prepared {
    pub(super) id: Uuid,
    pub(super) kind: ChannelKind,
    pub(super) new: NewChannel,
    hint: String,
    pub(super) url: Option<Sealed>,
    pub(super) key: Option<SealedKey>,
}

impl Prepared {
    pub(super) fn row(&self) -> NewRow<'_> {
        NewRow {
            id: self.id,
            name: &self.new.name,
            kind: self.kind,
            recipients: &self.new.recipients,
            hint: &self.hint,
            every_minutes: self.new.every_minutes,
        }
    }
}

/// Check what was typed of a new channel and have its secrets sealed. Outside any transaction.
pub async fn prepare(
    keeper: &keeper::Client,
    guard: &Guard,
    kind: ChannelKind,
    input: ChannelInput,
) -> Result<Prepared, ChannelError> {
    if kind == ChannelKind::Owners {
        return Err(ChannelError::Fixed);
    }
    let mut new = input.parse(kind, guard, true)?;
    let id = ordered_uuid();
    let (url, hint) = seal_address(keeper, id, new.address.take()).await?.unzip();
    let key = if kind.is_signed() {
        Some(seal_new_key(keeper, id).await?)
    } else {
        None
    };
    Ok(Prepared {
        id,
        kind,
        new,
        hint: hint.unwrap_or_default(),
        url,
        key,
    })
}

/// The same of a channel that is there.
pub async fn prepare_change(
    keeper: &keeper::Client,
    guard: &Guard,
    found: &Channel,
    input: ChannelInput,
) -> Result<Prepared, ChannelError> {
    if found.kind == ChannelKind::Owners {
        return Err(ChannelError::Fixed);
    }
    let mut new = input.parse(found.kind, guard, false)?;
    let (url, hint) = seal_address(keeper, found.id, new.address.take())
        .await?
        .unzip();
    Ok(Prepared {
        id: found.id,
        kind: found.kind,
        new,
        hint: hint.unwrap_or_else(|| found.url_hint.clone()),
        url,
        key: None,
    })
}

/// Have the keeper make another key to sign with. Outside any transaction.
pub async fn make_key(keeper: &keeper::Client, found: &Channel) -> Result<SealedKey, ChannelError> {
    if !found.kind.is_signed() {
        return Err(ChannelError::Fixed);
    }
    seal_new_key(keeper, found.id).await
}

async fn seal_address(
    keeper: &keeper::Client,
    channel_id: Uuid,
    address: Option<Address>,
) -> Result<Option<(Sealed, String)>, ChannelError> {
    let Some(Address { url, hint }) = address else {
        return Ok(None);
    };
    let secret_id = ordered_uuid();
    let ask = Ask::SealAddress {
        channel_id,
        secret_id,
        url,
    };
    match keeper.ask(Request::Alerts(ask)).await? {
        Reply::Alerts(Answer::Sealed { ciphertext }) => {
            let id = secret_id;
            Ok(Some((Sealed { id, ciphertext }, hint)))
        }
        other => Err(unexpected(other)),
    }
}

async fn seal_new_key(
    keeper: &keeper::Client,
    channel_id: Uuid,
) -> Result<SealedKey, ChannelError> {
    let id = ordered_uuid();
    let ask = Ask::MakeSecret {
        channel_id,
        secret_id: id,
    };
    match keeper.ask(Request::Alerts(ask)).await? {
        Reply::Alerts(Answer::Made { ciphertext, secret }) => Ok(SealedKey {
            sealed: Sealed { id, ciphertext },
            secret,
        }),
        other => Err(unexpected(other)),
    }
}

/// A refusal, or an answer to something else.
fn unexpected(reply: Reply) -> ChannelError {
    match reply {
        Reply::Refused(refusal) => refusal.into(),
        _ => keeper::Unavailable.into(),
    }
}
