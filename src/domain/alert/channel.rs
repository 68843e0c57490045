//! Channels: where messages go. An address that is a secret (anybody who has it may post there) and the key that signs are
//! sealed by the keeper before they are stored, and are never read here again.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Message, Step, store};
use crate::domain::audit::Entry;
use crate::domain::line::plain;
use crate::domain::op::Op;
use crate::keeper;
use crate::keeper::message::alerts::{Answer, Ask};
use crate::keeper::message::{Reply, Request};
use crate::keeper::text::Text;
use crate::outbound::guard::Guard;

/// The channel that every installation has: mail to its owners.
pub const OWNERS: Uuid = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001);
/// A key that was replaced signs beside the new one for so long.
const OVERLAP: Duration = Duration::days(1);
const LONGEST_NAME: usize = 80;
const MOST_RECIPIENTS: usize = 20;

/// What kind of place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    /// Mail to whoever is an owner when it is sent.
    Owners,
    Mail,
    /// Standard Webhooks.
    Webhook,
    /// A "Workflows" webhook of Microsoft Teams.
    Teams,
    Slack,
    /// A PSA that makes tickets of mails.
    TicketMail,
    /// A PSA that takes webhooks.
    TicketWebhook,
    /// A dead man's switch: called every few minutes while the workers live.
    Heartbeat,
}

impl ChannelKind {
    pub const ALL: [Self; 8] = [
        Self::Owners,
        Self::Mail,
        Self::Webhook,
        Self::Teams,
        Self::Slack,
        Self::TicketMail,
        Self::TicketWebhook,
        Self::Heartbeat,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owners => "owners",
            Self::Mail => "mail",
            Self::Webhook => "webhook",
            Self::Teams => "teams",
            Self::Slack => "slack",
            Self::TicketMail => "ticket_mail",
            Self::TicketWebhook => "ticket_webhook",
            Self::Heartbeat => "heartbeat",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Owners => "E-mail to the owners",
            Self::Mail => "E-mail",
            Self::Webhook => "Webhook",
            Self::Teams => "Microsoft Teams",
            Self::Slack => "Slack",
            Self::TicketMail => "Tickets by e-mail",
            Self::TicketWebhook => "Tickets by webhook",
            Self::Heartbeat => "Heartbeat",
        }
    }

    /// What it is, for whoever chooses.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Owners => "To everybody with the role owner. It is always there.",
            Self::Mail => "To one or more addresses.",
            Self::Webhook => "A signed JSON message (Standard Webhooks) to a program of yours.",
            Self::Teams => "The address that Teams' “Workflows” gives for a channel or chat.",
            Self::Slack => "The address of an incoming webhook of Slack.",
            Self::TicketMail => "One ticket for each tenant and cause in a PSA that reads mail.",
            Self::TicketWebhook => "The same by signed JSON messages.",
            Self::Heartbeat => {
                "Called every few minutes; the other side raises the alarm when we fall silent."
            }
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    pub const fn is_mail(self) -> bool {
        matches!(self, Self::Owners | Self::Mail | Self::TicketMail)
    }

    pub const fn is_ticket(self) -> bool {
        matches!(self, Self::TicketMail | Self::TicketWebhook)
    }

    /// Its messages are signed.
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::Webhook | Self::TicketWebhook | Self::Heartbeat)
    }

    /// A rule may choose it.
    pub const fn takes_alerts(self) -> bool {
        !matches!(self, Self::Heartbeat)
    }
}

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

    pub(super) fn from_word(word: &str) -> Option<Self> {
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
    /// A replaced key still signs until then.
    pub former_key_until: Option<OffsetDateTime>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    pub field: &'static str,
    pub message: String,
}

/// A channel as typed. Of a channel that is changed, an empty address means the one that is stored.
#[derive(Debug)]
pub struct ChannelInput {
    pub name: String,
    pub recipients: String,
    pub url: Text,
    pub every_minutes: String,
}

/// A channel that was typed well.
#[derive(Debug)]
pub struct NewChannel {
    name: String,
    recipients: Vec<String>,
    url: Option<Text>,
    hint: String,
    every_minutes: Option<i16>,
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

/// Sealed values on their way into the database.
#[derive(Debug, Default)]
pub struct Sealed {
    url: Option<(Uuid, Vec<u8>)>,
    signing: Option<(Uuid, Vec<u8>)>,
    secret: Option<Text>,
}

impl ChannelInput {
    /// Check what was typed; `is_new` says whether an address is needed.
    fn parse(
        self,
        kind: ChannelKind,
        guard: &Guard,
        is_new: bool,
    ) -> Result<NewChannel, ChannelError> {
        let mut errors = Vec::new();
        let mut wrong = |field, message: String| errors.push(FieldError { field, message });
        let name = plain(&self.name);
        match name.chars().count() {
            0 => wrong("name", "Give the channel a name.".into()),
            n if n > LONGEST_NAME => wrong("name", "The name is longer than 80 characters.".into()),
            _ => {}
        }
        let recipients = addresses(&self.recipients);
        if matches!(kind, ChannelKind::Mail | ChannelKind::TicketMail) {
            if recipients.is_empty() || recipients.len() > MOST_RECIPIENTS {
                wrong("recipients", "Name 1 to 20 addresses.".into());
            } else if let Some(bad) = recipients
                .iter()
                .find(|one| one.parse::<lettre::Address>().is_err())
            {
                wrong("recipients", format!("“{bad}” is no mail address."));
            }
        }
        let (mut url, mut hint) = (None, String::new());
        let typed = self.url.expose().trim();
        if !kind.is_mail() && (is_new || !typed.is_empty()) {
            match guard.read(typed) {
                Ok(address) => {
                    hint = masked(&address);
                    url = Some(Text::new(address.as_str()));
                }
                Err(refused) => wrong("url", refused.to_string()),
            }
        }
        let mut every_minutes = None;
        if kind == ChannelKind::Heartbeat {
            every_minutes = self
                .every_minutes
                .trim()
                .parse()
                .ok()
                .filter(|n| (1..=1_440).contains(n));
            if every_minutes.is_none() {
                wrong("every_minutes", "Minutes from 1 to 1440.".into());
            }
        }
        if errors.is_empty() {
            Ok(NewChannel {
                name,
                recipients,
                url,
                hint,
                every_minutes,
            })
        } else {
            Err(ChannelError::Fields(errors))
        }
    }
}

fn addresses(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for one in text
        .split([',', ';', ' ', '\n', '\r', '\t'])
        .filter(|one| !one.is_empty())
    {
        if !all.iter().any(|known| known == one) {
            all.push(one.to_owned());
        }
    }
    all
}

/// Host and the last four characters: enough to tell two apart, not enough to post.
fn masked(url: &url::Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let tail: Vec<char> = url.as_str().chars().rev().take(4).collect();
    format!("{host}/…{}", tail.into_iter().rev().collect::<String>())
}

/// Have the keeper seal an address, and make a key to sign with.
async fn seal(
    keeper: &keeper::Client,
    channel: Uuid,
    url: Option<&Text>,
    signs: bool,
) -> Result<Sealed, ChannelError> {
    let mut sealed = Sealed::default();
    if let Some(url) = url {
        let id = crate::clock::ordered_uuid();
        let ask = Ask::SealAddress {
            channel_id: channel,
            secret_id: id,
            url: Text::new(url.expose()),
        };
        let (ciphertext, _) = ask_keeper(keeper, ask).await?;
        sealed.url = Some((id, ciphertext));
    }
    if signs {
        let id = crate::clock::ordered_uuid();
        let ask = Ask::MakeSecret {
            channel_id: channel,
            secret_id: id,
        };
        let (ciphertext, secret) = ask_keeper(keeper, ask).await?;
        sealed.signing = Some((id, ciphertext));
        sealed.secret = secret;
    }
    Ok(sealed)
}

async fn ask_keeper(
    keeper: &keeper::Client,
    ask: Ask,
) -> Result<(Vec<u8>, Option<Text>), ChannelError> {
    match keeper.ask(Request::Alerts(ask)).await? {
        Reply::Alerts(Answer::Sealed { ciphertext }) => Ok((ciphertext, None)),
        Reply::Alerts(Answer::Made { ciphertext, secret }) => Ok((ciphertext, Some(secret))),
        Reply::Refused(refusal) => Err(refusal.into()),
        _ => Err(keeper::Unavailable.into()),
    }
}

/// Every channel, the owners' first.
pub async fn channels(op: &mut Op) -> Result<Vec<Channel>, sqlx::Error> {
    store::channels::all(op).await
}

/// One channel.
pub async fn channel(op: &mut Op, id: Uuid) -> Result<Option<Channel>, sqlx::Error> {
    Ok(channels(op).await?.into_iter().find(|one| one.id == id))
}

/// A channel that was typed well and whose secrets are sealed, ready to be written.
#[derive(Debug)]
pub struct Prepared {
    id: Uuid,
    kind: ChannelKind,
    new: NewChannel,
    sealed: Sealed,
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
    let new = input.parse(kind, guard, true)?;
    let id = crate::clock::ordered_uuid();
    let sealed = seal(keeper, id, new.url.as_ref(), kind.is_signed()).await?;
    Ok(Prepared {
        id,
        kind,
        new,
        sealed,
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
    if new.url.is_none() {
        new.hint.clone_from(&found.url_hint);
    }
    let sealed = seal(keeper, found.id, new.url.as_ref(), false).await?;
    Ok(Prepared {
        id: found.id,
        kind: found.kind,
        new,
        sealed,
    })
}

impl Prepared {
    fn row(&self) -> store::channels::NewRow<'_> {
        store::channels::NewRow {
            id: self.id,
            name: &self.new.name,
            kind: self.kind.as_str(),
            recipients: &self.new.recipients,
            hint: &self.new.hint,
            every_minutes: self.new.every_minutes,
        }
    }
}

/// Add a channel.
pub async fn add(op: &mut Op, prepared: Prepared) -> Result<Created, ChannelError> {
    if !store::channels::insert(op, &prepared.row()).await? {
        return Err(name_taken());
    }
    keep(op, prepared.id, &prepared.sealed).await?;
    note(
        op,
        "alert_channel.added",
        prepared.id,
        &prepared.new.name,
        prepared.kind,
    )
    .await?;
    Ok(Created {
        id: prepared.id,
        secret: prepared.sealed.secret,
    })
}

fn name_taken() -> ChannelError {
    ChannelError::Fields(vec![FieldError {
        field: "name",
        message: "Another channel has this name.".into(),
    }])
}

async fn keep(op: &mut Op, channel: Uuid, sealed: &Sealed) -> Result<(), sqlx::Error> {
    if let Some((id, ct)) = &sealed.url {
        store::channels::drop_secrets(op, channel, "url").await?;
        store::channels::insert_secret(op, *id, channel, "url", ct).await?;
    }
    if let Some((id, ct)) = &sealed.signing {
        let until = op.now() + OVERLAP;
        store::channels::end_secrets(op, channel, until).await?;
        store::channels::insert_secret(op, *id, channel, "signing", ct).await?;
    }
    Ok(())
}

/// Change name, recipients, rhythm, or the address when one was typed.
pub async fn update_channel(op: &mut Op, prepared: &Prepared) -> Result<(), ChannelError> {
    channel(op, prepared.id)
        .await?
        .ok_or(ChannelError::NotThere)?;
    if !store::channels::update(op, &prepared.row()).await? {
        return Err(name_taken());
    }
    keep(op, prepared.id, &prepared.sealed).await?;
    note(
        op,
        "alert_channel.changed",
        prepared.id,
        &prepared.new.name,
        prepared.kind,
    )
    .await?;
    Ok(())
}

/// Have the keeper make another key to sign with. Outside any transaction.
pub async fn make_key(keeper: &keeper::Client, found: &Channel) -> Result<Sealed, ChannelError> {
    if !found.kind.is_signed() {
        return Err(ChannelError::Fixed);
    }
    seal(keeper, found.id, None, true).await
}

/// Take the new key; the former one signs beside it for a day. Gives the new one, shown once.
pub async fn rotate(op: &mut Op, id: Uuid, sealed: Sealed) -> Result<Text, ChannelError> {
    let found = channel(op, id).await?.ok_or(ChannelError::NotThere)?;
    keep(op, id, &sealed).await?;
    note(op, "alert_channel.key_rotated", id, &found.name, found.kind).await?;
    sealed.secret.ok_or(ChannelError::NotThere)
}

/// Switch it on or off. On, what waited goes out.
pub async fn set_state(op: &mut Op, id: Uuid, on: bool) -> Result<Channel, ChannelError> {
    let found = channel(op, id).await?.ok_or(ChannelError::NotThere)?;
    let state = if on {
        ChannelState::Active
    } else {
        ChannelState::Off
    };
    if found.state != state {
        store::channels::set_state(op, id, state).await?;
        if on {
            store::deliveries::pull_forward(op, id).await?;
        }
        let action = if on {
            "alert_channel.enabled"
        } else {
            "alert_channel.disabled"
        };
        note(op, action, id, &found.name, found.kind).await?;
    }
    Ok(found)
}

/// Forget it, with everything that waits for it.
pub async fn remove_channel(op: &mut Op, id: Uuid) -> Result<(), ChannelError> {
    let found = channel(op, id).await?.ok_or(ChannelError::NotThere)?;
    if found.kind == ChannelKind::Owners {
        return Err(ChannelError::Fixed);
    }
    store::channels::delete(op, id).await?;
    note(op, "alert_channel.removed", id, &found.name, found.kind).await?;
    Ok(())
}

/// Write a test message for it; it goes out like any other.
pub async fn test(op: &mut Op, id: Uuid, link: String) -> Result<Uuid, ChannelError> {
    let found = channel(op, id).await?.ok_or(ChannelError::NotThere)?;
    let mut message = Message::test(link, op.now());
    if found.kind == ChannelKind::Heartbeat {
        message = Message::heartbeat(message.link, message.at);
    }
    let delivery = store::deliveries::insert(op, id, None, Step::Told, &message, None).await?;
    note(op, "alert_channel.tested", id, &found.name, found.kind).await?;
    Ok(delivery)
}

async fn note(
    op: &mut Op,
    action: &'static str,
    id: Uuid,
    name: &str,
    kind: ChannelKind,
) -> Result<(), sqlx::Error> {
    Entry::new(action)
        .object("alert_channel", id)
        .detail("name", name)
        .detail("kind", kind.as_str())
        .write(op)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_what_makes_it_secret() {
        let url = url::Url::parse("https://hooks.example/services/T00/B00/abcdefgh").unwrap();
        assert_eq!(masked(&url), "hooks.example/…efgh");
    }

    #[test]
    fn addresses_are_read_however_they_are_separated() {
        assert_eq!(
            addresses("a@x.example, b@x.example;\n a@x.example"),
            ["a@x.example", "b@x.example"]
        );
    }
}
