//! Checkpoints: what the chain was at an instant, signed. Whoever keeps them elsewhere can tell later whether rows were cut
//! off at the end, which the chain itself cannot.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::bytes::Bytes;
use super::keys::ChainKeys;

/// Why it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Periodic,
    /// Months past their retention were dropped with it.
    Closing,
    /// The database came back from a backup: a new part of the log begins here. What was vouched for between that backup and
    /// this instant is gone, and nobody cut it off.
    Restored,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Periodic => "periodic",
            Self::Closing => "closing",
            Self::Restored => "restored",
        }
    }

    /// As in `audit_checkpoints.kind`.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Periodic, Self::Closing, Self::Restored]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

/// A checkpoint; as JSON it is one line of the checkpoint file, and the field `checkpoint` of the log's line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Counts from 1, without gaps.
    pub number: i64,
    pub kind: Kind,
    /// The last seal it vouches for, and its hash.
    pub seq: i64,
    #[serde(with = "hexed")]
    pub hash: Vec<u8>,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<Cut>,
    pub key: Uuid,
    #[serde(with = "hexed")]
    pub signature: Vec<u8>,
}

/// What is gone because it was past its retention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// Rows of earlier instants.
    #[serde(with = "time::serde::rfc3339")]
    pub events_before: OffsetDateTime,
    /// Seals up to this one, with its hash; 0 when there were none.
    pub seq: i64,
    #[serde(with = "hexed")]
    pub hash: Vec<u8>,
}

impl Checkpoint {
    /// Put the signature under it.
    pub(super) fn sign(mut self, keys: &ChainKeys) -> Self {
        self.key = keys.id;
        self.signature = keys.sign(self.bytes().as_slice());
        self
    }

    /// Was it signed with the key that has this public one?
    pub fn is_signed_by(&self, public_key: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, public_key)
            .verify(self.bytes().as_slice(), &self.signature)
            .is_ok()
    }

    fn bytes(&self) -> Bytes {
        let cut = self.cut.as_ref();
        Bytes::new("tenantry audit checkpoint 1")
            .number(self.number)
            .text(self.kind.as_str())
            .number(self.seq)
            .bytes(&self.hash)
            .instant(Some(self.at))
            .instant(cut.map(|cut| cut.events_before))
            .number(cut.map_or(0, |cut| cut.seq))
            .maybe(cut.map(|cut| cut.hash.as_slice()))
            .uuid(Some(self.key))
    }

    /// One line of JSON, without its end.
    pub fn line(&self) -> String {
        // Numbers, hexadecimal digits and instants always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Checkpoints from the lines of a checkpoint file or of our JSON log. The number of a line that is neither goes with the
/// error; a log's other lines are passed over.
pub fn read(text: &str) -> Result<Vec<Checkpoint>, usize> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        if let Ok(checkpoint) = serde_json::from_str(line) {
            found.push(checkpoint);
            continue;
        }
        let logged: serde_json::Value = serde_json::from_str(line).map_err(|_| number)?;
        match logged.get("checkpoint") {
            Some(serde_json::Value::String(inner)) => {
                found.push(serde_json::from_str(inner).map_err(|_| number)?);
            }
            _ if logged.get("message").is_some() => {}
            _ => return Err(number),
        }
    }
    Ok(found)
}

/// Bytes as hexadecimal digits.
mod hexed {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        hex::decode(String::deserialize(from)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Checkpoint {
        Checkpoint {
            number: 7,
            kind: Kind::Closing,
            seq: 12,
            hash: vec![7; 32],
            at: time::macros::datetime!(2026-11-21 18:00:00.123456 UTC),
            cut: Some(Cut {
                events_before: time::macros::datetime!(2026-08-01 00:00 UTC),
                seq: 3,
                hash: vec![9; 32],
            }),
            key: Uuid::from_u128(5),
            signature: vec![1; 64],
        }
    }

    #[test]
    fn a_checkpoint_survives_its_file_and_the_log() {
        let one = sample();
        let logged = serde_json::json!({"level": "INFO", "message": "x", "checkpoint": one.line()});
        let other = r#"{"level":"INFO","message":"something else"}"#;
        let text = format!("{}\n\n{logged}\n{other}\n", one.line());
        assert_eq!(read(&text), Ok(vec![one.clone(), one]));
    }

    #[test]
    fn a_line_that_is_no_checkpoint_is_named() {
        assert_eq!(
            read(&format!("{}\n{{\"number\":1}}", sample().line())),
            Err(2)
        );
        assert_eq!(read("nonsense"), Err(1));
    }
}
