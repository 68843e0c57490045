//! Writing the file, piece by piece.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{FORMAT, Header, MAGIC, Manifest, Source, length};
use crate::backup::error::{BackupError, io};
use crate::keeper::{Keyring, StreamKey};
use crate::storage::RowCounts;

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

    /// The next piece of the archive, at most `PIECE` bytes.
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
