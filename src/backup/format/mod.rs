//! The file: a line that names it, a header that anybody can read, sealed pieces of the archive, and last a sealed manifest
//! with what must be in it.
//!
//! `tenantry backup\n | length(4) | header as JSON | (mark(1) length(4) piece)*`; the mark is 0 for a piece of the archive and
//! 1 for the manifest, which is the last. Each piece is bound to the header, to its turn and to being the last or not.

mod read;
mod write;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::storage::RowCounts;

pub use read::{Part, Reader};
pub use write::Writer;

const MAGIC: &[u8] = b"tenantry backup\n";
/// Of this program.
const FORMAT: u32 = 1;
/// Bytes of the archive in a piece; and what a sealed one may be at most.
pub const PIECE: usize = 1024 * 1024;
const LONGEST: u32 = 1024 * 1024 + 64;
const LONGEST_HEADER: u32 = 64 * 1024;

/// What anybody may know of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub format: u32,
    pub id: Uuid,
    /// The instant of the snapshot.
    #[serde(with = "time::serde::rfc3339")]
    pub taken_at: OffsetDateTime,
    /// Version of the schema.
    pub schema: i64,
    /// Versions of the program and of the Postgres server.
    pub program: String,
    pub postgres: String,
    /// The master key that opens it, and the file's own key wrapped by that, in base64.
    pub kek_id: String,
    key: String,
}

/// What only the holder of the master key may know, at the end of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of the archive.
    pub bytes: u64,
    pub sha256: String,
    /// Rows of each table at the instant of the snapshot.
    pub rows: RowCounts,
    /// The master keys that the data needs.
    pub master_keys: Vec<String>,
}

/// Facts about the source.
#[derive(Clone, Debug)]
pub struct Source {
    pub taken_at: OffsetDateTime,
    pub schema: i64,
    pub postgres: String,
}

fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes()
}
