//! Bytes that can be read in one way only: every field says whether it is there and how long it is.

use time::OffsetDateTime;
use uuid::Uuid;

/// What is hashed or signed.
pub(super) struct Bytes(Vec<u8>);

impl Bytes {
    /// `label` says what kind of thing follows, so that a hash of one kind is never one of another.
    pub(super) fn new(label: &str) -> Self {
        Self(Vec::with_capacity(512)).text(label)
    }

    pub(super) fn maybe(mut self, field: Option<&[u8]>) -> Self {
        if let Some(field) = field {
            self.0.push(1);
            self.0.extend((field.len() as u64).to_be_bytes());
            self.0.extend(field);
        } else {
            self.0.push(0);
        }
        self
    }

    pub(super) fn bytes(self, field: &[u8]) -> Self {
        self.maybe(Some(field))
    }

    pub(super) fn text(self, field: &str) -> Self {
        self.bytes(field.as_bytes())
    }

    pub(super) fn number(self, field: i64) -> Self {
        self.bytes(&field.to_be_bytes())
    }

    pub(super) fn uuid(self, field: Option<Uuid>) -> Self {
        self.maybe(field.as_ref().map(|id| id.as_bytes().as_slice()))
    }

    /// Microseconds, as Postgres keeps them.
    pub(super) fn instant(self, field: Option<OffsetDateTime>) -> Self {
        let micros = field.map(|at| (at.unix_timestamp_nanos() / 1000).to_be_bytes());
        self.maybe(micros.as_ref().map(<[u8; 16]>::as_slice))
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.0
    }
}
