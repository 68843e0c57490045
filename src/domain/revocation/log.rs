//! The file: a line of JSON each, appended and on the disk before the database calls it exported.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{KINDS, Revocation};

/// Why the file is not believed.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("the revocation log {} cannot be read", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(
        "line {line} of the revocation log {} is not understood: repair it from a copy, because what it revoked would come back to life",
        path.display()
    )]
    Line { path: PathBuf, line: usize },
    #[error("line {line} of the revocation log {} revokes a {kind:?}, which this program does not know: use the newer Tenantry that wrote it", path.display())]
    Kind {
        path: PathBuf,
        line: usize,
        kind: String,
    },
}

/// Append to the file, which is made when it is missing (mode 0600); returns when the lines are on the disk.
pub(super) fn append(path: &Path, all: &[Revocation]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    // Several portals may share it.
    file.lock()?;
    cut_half_line(&mut file)?;
    let mut lines = Vec::new();
    for one in all {
        serde_json::to_writer(&mut lines, one)?;
        lines.push(b'\n');
    }
    file.seek(SeekFrom::End(0))?;
    file.write_all(&lines)?;
    file.sync_all()
}

/// Whoever was killed while writing left a line without its end. What it told of is not exported yet and is written again.
fn cut_half_line(file: &mut File) -> io::Result<()> {
    let long = file.seek(SeekFrom::End(0))?;
    let mut keep = long;
    let mut byte = [0];
    while keep > 0 {
        file.seek(SeekFrom::Start(keep - 1))?;
        file.read_exact(&mut byte)?;
        if byte == *b"\n" {
            break;
        }
        keep -= 1;
    }
    if keep < long {
        file.set_len(keep)?;
    }
    Ok(())
}

/// Every revocation of the file, each once. The last line may lack its end: it was not written whole.
pub fn read(path: &Path) -> Result<Vec<Revocation>, LogError> {
    let unreadable = |source| LogError::Read {
        path: path.to_owned(),
        source,
    };
    let mut input = BufReader::new(File::open(path).map_err(unreadable)?);
    let (mut all, mut seen, mut text, mut line) = (Vec::new(), HashSet::new(), Vec::new(), 0);
    loop {
        text.clear();
        input.read_until(b'\n', &mut text).map_err(unreadable)?;
        let Some(whole) = text.strip_suffix(b"\n") else {
            return Ok(all);
        };
        line += 1;
        if whole.trim_ascii().is_empty() {
            continue;
        }
        let one: Revocation = serde_json::from_slice(whole).map_err(|_| LogError::Line {
            path: path.to_owned(),
            line,
        })?;
        if !KINDS.contains(&one.kind.as_str()) {
            return Err(LogError::Kind {
                path: path.to_owned(),
                line,
                kind: one.kind,
            });
        }
        if seen.insert(one.id) {
            all.push(one);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    struct Place(PathBuf);

    impl Place {
        fn new() -> Self {
            let name = format!("tenantry-revocations-{}.jsonl", clock::random_uuid());
            Self(std::env::temp_dir().join(name))
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn one(kind: &str) -> Revocation {
        Revocation {
            id: clock::random_uuid(),
            at: time::macros::datetime!(2026-11-21 18:00 UTC),
            kind: kind.into(),
            what: serde_json::json!({ "id": clock::random_uuid() }),
        }
    }

    #[test]
    fn what_is_appended_is_read_and_each_once() {
        let place = Place::new();
        let (a, b, c) = (one("connection"), one("role"), one("technician"));
        append(&place.0, &[]).unwrap();
        assert_eq!(read(&place.0).unwrap(), []);
        append(&place.0, &[a.clone(), b.clone()]).unwrap();
        append(&place.0, &[b.clone(), c.clone()]).unwrap();
        assert_eq!(read(&place.0).unwrap(), [a, b, c]);
    }

    #[test]
    fn half_a_line_is_passed_over_and_taken_away_by_the_next() {
        let place = Place::new();
        let (a, b) = (one("connection"), one("role"));
        append(&place.0, std::slice::from_ref(&a)).unwrap();
        let whole = std::fs::read_to_string(&place.0).unwrap();
        std::fs::write(&place.0, format!("{whole}{{\"id\":\"half")).unwrap();
        assert_eq!(read(&place.0).unwrap(), std::slice::from_ref(&a));
        append(&place.0, std::slice::from_ref(&b)).unwrap();
        assert_eq!(read(&place.0).unwrap(), [a, b]);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named_and_not_passed_over() {
        let place = Place::new();
        append(&place.0, &[one("connection")]).unwrap();
        let whole = std::fs::read_to_string(&place.0).unwrap();
        std::fs::write(&place.0, format!("{whole}garbage\n{whole}")).unwrap();
        assert!(matches!(
            read(&place.0),
            Err(LogError::Line { line: 2, .. })
        ));
        let odd = Place::new();
        append(&odd.0, &[one("moon")]).unwrap();
        assert!(matches!(read(&odd.0), Err(LogError::Kind { line: 1, .. })));
        assert!(matches!(
            read(Path::new("/nonexistent/x")),
            Err(LogError::Read { .. })
        ));
    }
}
