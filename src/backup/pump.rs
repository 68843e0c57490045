//! Bytes between processes: `pg_dump` into the file and past the counter, the file into `pg_restore`. Nothing is put down on
//! the way.

use std::process::ExitStatus;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::task::JoinHandle;

use super::error::BackupError;
use super::format::{PIECE, Part, Reader, Writer};
use super::rows::RowCounter;
use crate::keeper::wiped::Wiped;
use crate::storage::RowCounts;

/// Of what a program complains, so much is kept, bytes.
const COMPLAINT: u64 = 16 * 1024;

/// A program of Postgres' at work.
pub struct Program {
    name: &'static str,
    child: Child,
    complaint: JoinHandle<String>,
}

impl Program {
    pub fn start(name: &'static str, mut command: Command) -> Result<Self, BackupError> {
        let mut child = command.spawn().map_err(|source| BackupError::Program {
            program: name,
            source,
        })?;
        let complaint = tokio::spawn(words(child.stderr.take()));
        Ok(Self {
            name,
            child,
            complaint,
        })
    }

    fn input(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Wait for its end, which must be a good one.
    pub async fn finish(mut self) -> Result<(), BackupError> {
        let status = self.child.wait().await.map_err(|error| self.pipe(error))?;
        let said = (&mut self.complaint).await.unwrap_or_default();
        if status.success() {
            return Ok(());
        }
        Err(BackupError::Failed {
            program: self.name,
            said: complaint(&said, status),
        })
    }

    fn pipe(&self, source: std::io::Error) -> BackupError {
        BackupError::Pipe {
            program: self.name,
            source,
        }
    }
}

/// From `dump` into the file, and through `list`, which tells the rows.
pub async fn archive(
    mut dump: Program,
    mut list: Program,
    writer: &mut Writer<'_>,
) -> Result<RowCounts, BackupError> {
    let counting = tokio::spawn(count(list.child.stdout.take()));
    let mut into_list = list.input();
    if let Some(mut out) = dump.child.stdout.take() {
        let mut piece = Wiped::new(vec![0; PIECE]);
        loop {
            let long = fill(&mut out, &mut piece)
                .await
                .map_err(|error| dump.pipe(error))?;
            let Some(bytes) = piece.get(..long).filter(|bytes| !bytes.is_empty()) else {
                break;
            };
            writer.piece(bytes)?;
            // One that has seen enough ends by itself, and says below whether all was well.
            if let Some(list) = &mut into_list
                && list.write_all(bytes).await.is_err()
            {
                into_list = None;
            }
        }
    }
    drop(into_list);
    dump.finish().await?;
    let counted = counting.await.ok().flatten();
    list.finish().await?;
    counted.ok_or_else(|| BackupError::Rows("the archive ends in the middle of a table".into()))
}

/// From the file into `restore`. The file has been found whole before, so that nothing half read can be taken for all.
pub async fn unpack(reader: &mut Reader, mut restore: Program) -> Result<(), BackupError> {
    let mut into = restore.input();
    while let Part::Piece(bytes) = reader.part()? {
        if let Some(input) = &mut into
            && input.write_all(&bytes).await.is_err()
        {
            // It ended, and says below why.
            into = None;
        }
    }
    drop(into);
    restore.finish().await
}

/// Read until the piece is full or the source ends.
async fn fill(from: &mut (impl AsyncRead + Unpin), piece: &mut [u8]) -> std::io::Result<usize> {
    let mut long = 0;
    while let Some(room) = piece.get_mut(long..).filter(|room| !room.is_empty()) {
        match from.read(room).await? {
            0 => break,
            read => long += read,
        }
    }
    Ok(long)
}

async fn count(text: Option<impl AsyncRead + Unpin>) -> Option<RowCounts> {
    let mut text = text?;
    let mut counter = RowCounter::default();
    let mut bytes = Wiped::new(vec![0; 256 * 1024]);
    loop {
        let read = text.read(&mut bytes).await.ok()?;
        if read == 0 {
            return counter.finish();
        }
        counter.feed(bytes.get(..read)?);
    }
}

/// What it complains of; the rest is let go by, so that it does not stand still.
async fn words(from: Option<impl AsyncRead + Unpin>) -> String {
    let mut words = Vec::new();
    if let Some(from) = from {
        let mut taken = from.take(COMPLAINT);
        let _ = taken.read_to_end(&mut words).await;
        let _ = tokio::io::copy(&mut taken.into_inner(), &mut tokio::io::sink()).await;
    }
    String::from_utf8_lossy(&words).into_owned()
}

/// Its own errors, one line; a failing statement's text may hold a row and is left out.
fn complaint(said: &str, status: ExitStatus) -> String {
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("error:") || line.contains("ERROR:"))
        .take(3)
        .collect();
    if lines.is_empty() {
        return status.to_string();
    }
    lines.join("; ")
}
