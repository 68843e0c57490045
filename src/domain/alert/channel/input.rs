//! A channel as typed, and what is wrong with it: all of it at once, each at its field.

use url::Url;

use super::{ChannelError, ChannelKind};
use crate::domain::line::{plain, words};
use crate::domain::tenant::{FieldError, keep};
use crate::keeper::text::Text;
use crate::outbound::guard::Guard;

const LONGEST_NAME: usize = 80;
const MOST_RECIPIENTS: usize = 20;
const MINUTES_OF_A_DAY: i16 = 1_440;

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
pub(super) struct NewChannel {
    pub name: String,
    pub recipients: Vec<String>,
    /// None: the one that is stored, or none at all.
    pub address: Option<Address>,
    pub every_minutes: Option<i16>,
}

/// Where a channel posts.
#[derive(Debug)]
pub(super) struct Address {
    /// A secret: whoever has it may post there.
    pub url: Text,
    /// What of it may be shown.
    pub hint: String,
}

impl ChannelInput {
    /// Check what was typed; `is_new` says whether an address is needed.
    pub(super) fn parse(
        &self,
        kind: ChannelKind,
        guard: &Guard,
        is_new: bool,
    ) -> Result<NewChannel, ChannelError> {
        let mut errors = Vec::new();
        let name = keep(self.name(), &mut errors);
        let recipients = keep(self.recipients(kind), &mut errors);
        let address = keep(self.address(kind, guard, is_new), &mut errors);
        let every_minutes = keep(self.every_minutes(kind), &mut errors);
        let all = (|| {
            Some(NewChannel {
                name: name?,
                recipients: recipients?,
                address: address?,
                every_minutes: every_minutes?,
            })
        })();
        all.ok_or(ChannelError::Fields(errors))
    }

    fn name(&self) -> Result<String, FieldError> {
        let name = plain(&self.name);
        match name.chars().count() {
            0 => Err(FieldError::new("name", "Give the channel a name.")),
            n if n > LONGEST_NAME => {
                let message = "The name is longer than 80 characters.";
                Err(FieldError::new("name", message))
            }
            _ => Ok(name),
        }
    }

    fn recipients(&self, kind: ChannelKind) -> Result<Vec<String>, FieldError> {
        if !kind.has_recipients() {
            return Ok(Vec::new());
        }
        let typed = addresses(&self.recipients);
        let wrong = |message| Err(FieldError::new("recipients", message));
        if !(1..=MOST_RECIPIENTS).contains(&typed.len()) {
            return wrong("Name 1 to 20 addresses.".to_owned());
        }
        let is_odd = |one: &&String| one.parse::<lettre::Address>().is_err();
        match typed.iter().find(is_odd) {
            Some(odd) => wrong(format!("“{odd}” is no mail address.")),
            None => Ok(typed),
        }
    }

    fn address(
        &self,
        kind: ChannelKind,
        guard: &Guard,
        is_new: bool,
    ) -> Result<Option<Address>, FieldError> {
        let typed = self.url.expose().trim();
        if kind.is_mail() || (typed.is_empty() && !is_new) {
            return Ok(None);
        }
        match guard.read(typed) {
            Ok(url) => Ok(Some(Address {
                hint: masked(&url),
                url: Text::new(url.as_str()),
            })),
            Err(refused) => Err(FieldError::new("url", refused.to_string())),
        }
    }

    fn every_minutes(&self, kind: ChannelKind) -> Result<Option<i16>, FieldError> {
        if kind != ChannelKind::Heartbeat {
            return Ok(None);
        }
        let minutes = self.every_minutes.trim().parse().ok();
        let minutes = minutes.filter(|n| (1..=MINUTES_OF_A_DAY).contains(n));
        minutes
            .map(Some)
            .ok_or_else(|| FieldError::new("every_minutes", "Minutes from 1 to 1440."))
    }
}

/// In the order typed, each once.
fn addresses(typed: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for one in words(typed) {
        if !all.iter().any(|known| known == one) {
            all.push(one.to_owned());
        }
    }
    all
}

/// Host and the last four characters: enough to tell two apart, not enough to post.
fn masked(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let text = url.as_str();
    let tail = text.char_indices().nth_back(3);
    let tail = tail.and_then(|(at, _)| text.get(at..)).unwrap_or_default();
    format!("{host}/…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_what_makes_it_secret() {
        let url = Url::parse("https://hooks.example/services/T00/B00/abcdefgh").unwrap();
        assert_eq!(masked(&url), "hooks.example/…efgh");
    }

    #[test]
    fn addresses_are_read_once_however_they_are_separated() {
        assert_eq!(
            addresses("a@x.example, b@x.example;\n a@x.example"),
            ["a@x.example", "b@x.example"]
        );
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let typed = ChannelInput {
            name: " ".into(),
            recipients: "nobody".into(),
            url: Text::new("http://hooks.example/"),
            every_minutes: "0".into(),
        };
        let wrong = |kind| match typed.parse(kind, &Guard::default(), true) {
            Err(ChannelError::Fields(errors)) => errors.iter().map(|one| one.field).collect(),
            _ => Vec::new(),
        };
        assert_eq!(wrong(ChannelKind::Mail), ["name", "recipients"]);
        assert_eq!(wrong(ChannelKind::Slack), ["name", "url"]);
        assert_eq!(
            wrong(ChannelKind::Heartbeat),
            ["name", "url", "every_minutes"]
        );
    }
}
