//! Channels: where messages go. An address that is a secret (anybody who has it may post there) and the key that signs are
//! sealed by the keeper before they are stored, and are never read here again.

mod input;
mod kind;
mod manage;
mod prepare;

use time::OffsetDateTime;
use uuid::Uuid;

use super::store;
use crate::domain::op::Op;
use crate::domain::tenant::FieldError;
use crate::keeper;
use crate::keeper::text::Text;

pub use input::ChannelInput;
pub use kind::ChannelKind;
pub use manage::{add, remove_channel, rotate, set_state, test, update_channel};
pub use prepare::{Prepared, SealedKey, make_key, prepare, prepare_change};

/// The channel that every installation has: mail to its owners.
pub const OWNERS: Uuid = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001);

/// Whether it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelState {
    Active,
    /// Switched off: nothing is written for it.
    Off,
    /// After a restore, until an admin lets it go: messages wait.
    Held,
    /// It took nothing for days: messages wait.
    Disabled,
}

impl ChannelState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Off => "off",
            Self::Held => "held",
            Self::Disabled => "disabled",
        }
    }

    pub(in crate::domain::alert) fn from_word(word: &str) -> Option<Self> {
        [Self::Active, Self::Off, Self::Held, Self::Disabled]
            .into_iter()
            .find(|one| one.as_str() == word)
    }
}

/// One channel.
#[derive(Clone, Debug)]
pub struct Channel {
    pub id: Uuid,
    pub name: String,
    pub kind: ChannelKind,
    pub recipients: Vec<String>,
    /// Of a sealed address what may be shown.
    pub url_hint: String,
    pub every_minutes: Option<i16>,
    pub state: ChannelState,
    pub failing_since: Option<OffsetDateTime>,
    pub last_at: Option<OffsetDateTime>,
    /// How the last attempt ended, in a word.
    pub last_outcome: String,
    pub last_ok_at: Option<OffsetDateTime>,
    /// Messages that wait.
    pub waiting: i64,
    /// The key that signs, by the id it is stored under.
    pub key: Option<Uuid>,
    /// A replaced key still signs until then.
    pub former_key_until: Option<OffsetDateTime>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    #[error("fields are wrong")]
    Fields(Vec<FieldError>),
    #[error("no such channel")]
    NotThere,
    #[error("this channel is always there")]
    Fixed,
    /// Its key is another than the one that was to be replaced.
    #[error("the key was replaced already")]
    Replaced,
    /// Rules, by name, that would tell nobody without it.
    #[error("rules have no other channel")]
    Needed(Vec<String>),
    #[error(transparent)]
    Keeper(#[from] keeper::Unavailable),
    #[error(transparent)]
    Refused(#[from] keeper::message::Refusal),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// What was stored, with the key that signs: shown once.
#[derive(Debug)]
pub struct Created {
    pub id: Uuid,
    pub secret: Option<Text>,
}

/// Every channel, the owners' first.
pub async fn channels(op: &mut Op) -> Result<Vec<Channel>, sqlx::Error> {
    store::channels::all(op).await
}

/// One channel.
pub async fn channel(op: &mut Op, id: Uuid) -> Result<Option<Channel>, sqlx::Error> {
    Ok(channels(op).await?.into_iter().find(|one| one.id == id))
}
