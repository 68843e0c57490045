//! Between the keepers and Postgres: a Unix socket that passes messages on in both directions, understands as much of the
//! protocol as it takes to know a commit when it sees one, and spoils what it was told to. Whoever moves the database
//! elsewhere points it there.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

/// What befalls the talk between keeper and database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PgSpoil {
    /// A new connection is closed at once.
    Refused,
    /// A connection is closed after a message of the keeper's was passed on.
    Cut,
    /// The commit is made, its answer is lost and the connection with it.
    CommitAnswerCut,
    /// The commit does not arrive, the connection is lost.
    CommitCut,
    /// Each answer comes late.
    Delayed,
    /// Nothing is read from the keeper for three seconds.
    Stalled,
    /// A message that is none stands before the answer.
    Garbled,
    /// Our side towards the keeper is shut, its messages are still passed on.
    HalfClosed,
}

struct Shared {
    target: Mutex<PathBuf>,
    plan: Mutex<Option<(PgSpoil, u32)>>,
    hits: Mutex<u32>,
}

/// See the module.
pub struct PgProxy {
    shared: Arc<Shared>,
    /// The socket's directory, for a database address.
    pub dir: PathBuf,
    cut: watch::Sender<u32>,
}

const SOCKET: &str = ".s.PGSQL.5432";

impl PgProxy {
    /// Listen in `dir` for the server whose socket is in `target`.
    pub fn start(dir: &Path, target: &Path) -> Self {
        std::fs::create_dir_all(dir).unwrap();
        let listener = UnixListener::bind(dir.join(SOCKET)).unwrap();
        let shared = Arc::new(Shared {
            target: Mutex::new(target.join(SOCKET)),
            plan: Mutex::new(None),
            hits: Mutex::new(0),
        });
        let cut = watch::channel(0).0;
        let (all, cuts) = (Arc::clone(&shared), cut.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (shared, mut cut) = (Arc::clone(&all), cuts.subscribe());
                tokio::spawn(async move {
                    tokio::select! {
                        _ = serve(&shared, client) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Self {
            shared,
            dir: dir.to_owned(),
            cut,
        }
    }

    /// The server is elsewhere from now on; connections to the old one end.
    pub fn point_to(&self, target: &Path) {
        *self.shared.target.lock().unwrap() = target.join(SOCKET);
        self.cut.send_modify(|number| *number += 1);
    }

    pub fn spoil(&self, spoil: PgSpoil, count: u32) {
        *self.shared.plan.lock().unwrap() = Some((spoil, count));
        if spoil == PgSpoil::Refused {
            self.cut.send_modify(|number| *number += 1);
        }
    }

    pub fn heal(&self) {
        *self.shared.plan.lock().unwrap() = None;
    }

    pub fn left(&self) -> u32 {
        self.shared.plan.lock().unwrap().map_or(0, |(_, left)| left)
    }

    pub fn take_hits(&self) -> u32 {
        std::mem::take(&mut self.shared.hits.lock().unwrap())
    }
}

impl Shared {
    fn take(&self, wanted: &[PgSpoil]) -> Option<PgSpoil> {
        let mut plan = self.plan.lock().unwrap();
        let (spoil, left) = plan.as_mut()?;
        if *left == 0 || !wanted.contains(spoil) {
            return None;
        }
        *left -= 1;
        *self.hits.lock().unwrap() += 1;
        Some(*spoil)
    }
}

async fn serve(shared: &Shared, client: UnixStream) -> Option<()> {
    if shared.take(&[PgSpoil::Refused]).is_some() {
        return None;
    }
    let target = shared.target.lock().unwrap().clone();
    let server = UnixStream::connect(target).await.ok()?;
    let (mut from_keeper, to_keeper) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    // The first message has a length and no kind.
    let mut hello = vec![0; 4];
    from_keeper.read_exact(&mut hello).await.ok()?;
    let length = u32::from_be_bytes([hello[0], hello[1], hello[2], hello[3]]) as usize;
    hello.resize(length, 0);
    from_keeper.read_exact(&mut hello[4..]).await.ok()?;
    to_server.write_all(&hello).await.ok()?;
    let commits = AtomicBool::new(false);
    tokio::select! {
        end = questions(shared, &mut from_keeper, &mut to_server, &commits) => end,
        end = answers(shared, from_server, to_keeper, &commits) => end,
    }
}

/// From the keeper to the server.
async fn questions(
    shared: &Shared,
    from: &mut OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    commits: &AtomicBool,
) -> Option<()> {
    let mut batches: Vec<Vec<u8>> = Vec::new();
    loop {
        if shared.take(&[PgSpoil::Stalled]).is_some() {
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        let message = read_message(from).await?;
        if is_commit(&message, &mut batches) {
            if shared.take(&[PgSpoil::CommitCut]).is_some() {
                return None;
            }
            commits.store(true, Ordering::SeqCst);
        }
        to.write_all(&message).await.ok()?;
        if shared.take(&[PgSpoil::Cut]).is_some() {
            return None;
        }
    }
}

/// From the server to the keeper.
async fn answers(
    shared: &Shared,
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    commits: &AtomicBool,
) -> Option<()> {
    let mut swallowing = false;
    loop {
        let message = read_message(&mut from).await?;
        let is_end = message[0] == b'Z';
        if commits.load(Ordering::SeqCst) {
            swallowing |= shared.take(&[PgSpoil::CommitAnswerCut]).is_some();
        }
        if is_end {
            commits.store(false, Ordering::SeqCst);
        }
        if swallowing && is_end {
            return None;
        }
        if swallowing {
            continue;
        }
        match shared.take(&[PgSpoil::Delayed, PgSpoil::Garbled, PgSpoil::HalfClosed]) {
            Some(PgSpoil::Delayed) => tokio::time::sleep(Duration::from_millis(700)).await,
            Some(PgSpoil::Garbled) => to.write_all(b"\xf7\x00\x00\x00\x05!").await.ok()?,
            Some(_) => {
                to.shutdown().await.ok()?;
                tokio::time::sleep(Duration::from_millis(500)).await;
                return None;
            }
            None => {}
        }
        to.write_all(&message).await.ok()?;
    }
}

async fn read_message(from: &mut OwnedReadHalf) -> Option<Vec<u8>> {
    let mut message = vec![0; 5];
    from.read_exact(&mut message).await.ok()?;
    let length = u32::from_be_bytes([message[1], message[2], message[3], message[4]]) as usize;
    message.resize(length + 1, 0);
    from.read_exact(&mut message[5..]).await.ok()?;
    Some(message)
}

/// A `COMMIT`, or the statement that stores a batch of answers and commits by itself. `batches` are the names under which
/// that statement was prepared on this connection.
fn is_commit(message: &[u8], batches: &mut Vec<Vec<u8>>) -> bool {
    let mut words = message[5..].split(|byte| *byte == 0);
    match message[0] {
        b'Q' => words
            .next()
            .is_some_and(|text| text.to_ascii_uppercase().starts_with(b"COMMIT")),
        b'P' => {
            let (name, text) = (
                words.next().unwrap_or_default(),
                words.next().unwrap_or_default(),
            );
            if text.starts_with(b"with answer as") {
                batches.push(name.to_vec());
            }
            false
        }
        b'B' => {
            let (_portal, name) = (words.next(), words.next().unwrap_or_default());
            batches.iter().any(|batch| batch == name)
        }
        _ => false,
    }
}
