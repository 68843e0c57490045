//! Reading the file; nothing that is not as it was written comes out of it.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::{FORMAT, Header, LONGEST, LONGEST_HEADER, MAGIC, Manifest, PIECE};
use crate::backup::error::{BackupError, io};
use crate::keeper::wiped::Wiped;
use crate::keeper::{Keyring, StreamKey, WrappedStreamKey};

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
    Piece(Wiped),
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
    pub fn part(&mut self) -> Result<Part, BackupError> {
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
            if let Part::End(manifest) = reader.part()? {
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

/// The one field that every format has.
#[derive(Deserialize)]
struct Format {
    format: u32,
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
