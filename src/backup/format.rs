//! The file: a line that names it, a header that anybody can read, sealed pieces of the archive, and last a sealed manifest
//! with what must be in it.
//!
//! `tenantry backup\n | length(4) | header as JSON | (mark(1) length(4) piece)*`; the mark is 0 for a piece of the archive and
//! 1 for the manifest, which is the last. Each piece is bound to the header, to its turn and to being the last or not.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::error::{BackupError, io};
use crate::keeper::{Keyring, StreamKey, WrappedStreamKey};
use crate::storage::RowCounts;

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

/// A file being written.
pub struct Writer<'a> {
    out: &'a mut File,
    path: &'a Path,
    key: StreamKey,
    head: Vec<u8>,
    turn: u32,
    archive: (u64, Context),
    file: (u64, Context),
}

impl<'a> Writer<'a> {
    /// Begin with the header. `path` is for errors.
    pub fn begin(
        out: &'a mut File,
        path: &'a Path,
        keys: &Keyring,
        source: Source,
    ) -> Result<(Self, Header), BackupError> {
        let id = crate::clock::random_uuid();
        let (key, wrapped) = keys.make_stream_key(id);
        let header = Header {
            format: FORMAT,
            id,
            taken_at: source.taken_at,
            schema: source.schema,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            postgres: source.postgres,
            kek_id: wrapped.kek_id,
            key: STANDARD.encode(wrapped.wrapped),
        };
        let text = serde_json::to_vec(&header).map_err(|error| io("write", path)(error.into()))?;
        let mut writer = Self {
            out,
            path,
            key,
            head: digest(&SHA256, &text).as_ref().to_vec(),
            turn: 0,
            archive: (0, Context::new(&SHA256)),
            file: (0, Context::new(&SHA256)),
        };
        writer.put(MAGIC)?;
        writer.put(&length(text.len()))?;
        writer.put(&text)?;
        Ok((writer, header))
    }

    /// The next piece of the archive, at most [`PIECE`] bytes.
    pub fn piece(&mut self, plain: &[u8]) -> Result<(), BackupError> {
        self.archive.0 += plain.len() as u64;
        self.archive.1.update(plain);
        self.seal(false, plain)
    }

    /// The end: gives the manifest, and length and SHA-256 of the file.
    pub fn finish(
        mut self,
        rows: RowCounts,
        master_keys: Vec<String>,
    ) -> Result<(Manifest, u64, String), BackupError> {
        let manifest = Manifest {
            bytes: self.archive.0,
            sha256: hex::encode(self.archive.1.clone().finish()),
            rows,
            master_keys,
        };
        let text =
            serde_json::to_vec(&manifest).map_err(|error| io("write", self.path)(error.into()))?;
        self.seal(true, &text)?;
        self.out.flush().map_err(io("write", self.path))?;
        Ok((manifest, self.file.0, hex::encode(self.file.1.finish())))
    }

    fn seal(&mut self, is_last: bool, plain: &[u8]) -> Result<(), BackupError> {
        let sealed = self.key.seal(&self.head, self.turn, is_last, plain);
        self.turn = self.turn.checked_add(1).ok_or(BackupError::Damaged {
            path: self.path.to_owned(),
            what: "more than four petabytes",
        })?;
        self.put(&[u8::from(is_last)])?;
        self.put(&length(sealed.len()))?;
        self.put(&sealed)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        self.out.write_all(bytes).map_err(io("write", self.path))?;
        self.file.0 += bytes.len() as u64;
        self.file.1.update(bytes);
        Ok(())
    }
}

fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes()
}

/// A file being read.
pub struct Reader {
    input: BufReader<File>,
    path: PathBuf,
    key: StreamKey,
    head: Vec<u8>,
    turn: u32,
    archive: (u64, Context),
    pub header: Header,
}

/// What comes next.
pub enum Part {
    Piece(zeroize::Zeroizing<Vec<u8>>),
    /// The end, and everything before it was as it was written.
    End(Manifest),
}

impl Reader {
    /// Read the header and open the file's key.
    pub fn open(path: &Path, keys: &Keyring) -> Result<Self, BackupError> {
        let file = File::open(path).map_err(io("open", path))?;
        let mut input = BufReader::with_capacity(PIECE, file);
        let (header, text) = header(&mut input, path)?;
        let stored = WrappedStreamKey {
            kek_id: header.kek_id.clone(),
            wrapped: STANDARD
                .decode(&header.key)
                .map_err(|_| BackupError::NoBackup(path.to_owned()))?,
        };
        let key = keys.open_stream_key(header.id, &stored);
        Ok(Self {
            key: key.map_err(|source| BackupError::Key {
                path: path.to_owned(),
                source,
            })?,
            input,
            path: path.to_owned(),
            head: digest(&SHA256, &text).as_ref().to_vec(),
            turn: 0,
            archive: (0, Context::new(&SHA256)),
            header,
        })
    }

    /// The next part.
    pub fn next(&mut self) -> Result<Part, BackupError> {
        let [mark] = self.take::<1>()?;
        let long = u32::from_be_bytes(self.take()?);
        if mark > 1 || long > LONGEST {
            return Err(self.damaged("a piece makes no sense"));
        }
        let mut sealed = vec![0; usize::try_from(long).unwrap_or_default()];
        self.fill(&mut sealed)?;
        let is_last = mark == 1;
        let plain = self
            .key
            .open(&self.head, self.turn, is_last, &sealed)
            .map_err(|_| self.damaged("a piece does not open"))?;
        self.turn = self.turn.saturating_add(1);
        if !is_last {
            self.archive.0 += plain.len() as u64;
            self.archive.1.update(&plain);
            return Ok(Part::Piece(plain));
        }
        let manifest: Manifest =
            serde_json::from_slice(&plain).map_err(|_| self.damaged("its manifest"))?;
        let sum = hex::encode(self.archive.1.clone().finish());
        if (manifest.bytes, &manifest.sha256) != (self.archive.0, &sum) {
            return Err(self.damaged("its sum"));
        }
        if !matches!(self.input.read(&mut [0]), Ok(0)) {
            return Err(self.damaged("there is more after its end"));
        }
        Ok(Part::End(manifest))
    }

    /// Read it to the end without using it: is it whole?
    pub fn check(path: &Path, keys: &Keyring) -> Result<(Header, Manifest), BackupError> {
        let mut reader = Self::open(path, keys)?;
        loop {
            if let Part::End(manifest) = reader.next()? {
                return Ok((reader.header, manifest));
            }
        }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], BackupError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), BackupError> {
        let read = self.input.read_exact(bytes);
        read.map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => self.damaged("it ends too early"),
            _ => io("read", &self.path)(error),
        })
    }

    fn damaged(&self, what: &'static str) -> BackupError {
        BackupError::Damaged {
            path: self.path.clone(),
            what,
        }
    }
}

fn header(input: &mut impl Read, path: &Path) -> Result<(Header, Vec<u8>), BackupError> {
    let no_backup = || BackupError::NoBackup(path.to_owned());
    let mut start = [0; MAGIC.len() + 4];
    input.read_exact(&mut start).map_err(|_| no_backup())?;
    let (magic, long) = start.split_last_chunk::<4>().ok_or_else(no_backup)?;
    let long = u32::from_be_bytes(*long);
    if magic != MAGIC || long > LONGEST_HEADER {
        return Err(no_backup());
    }
    let mut text = vec![0; usize::try_from(long).unwrap_or_default()];
    input.read_exact(&mut text).map_err(|_| no_backup())?;
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let Format { format } = serde_json::from_slice(&text).map_err(|_| no_backup())?;
    if format != FORMAT {
        return Err(BackupError::Format {
            path: path.to_owned(),
            format,
        });
    }
    let header = serde_json::from_slice(&text).map_err(|_| no_backup())?;
    Ok((header, text))
}
