//! The socket under test, with a stand-in for the keeper behind it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tenantry::keeper::Client;
use tenantry::keeper::message::Reply;
use tenantry::keeper::socket::{Access, Listener, SocketLock, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::scratch::Scratch;

/// A socket with a stand-in behind it that says "ready" to everything it is asked, once it may.
pub(super) struct Desk {
    pub dir: Scratch,
    pub client: Client,
    /// Questions that got through.
    pub asked: Arc<AtomicUsize>,
    /// One permit is one answer.
    pub may_answer: Arc<Semaphore>,
    pub stop: CancellationToken,
    pub serving: JoinHandle<Option<SocketLock>>,
}

impl Desk {
    pub async fn open() -> Self {
        Self::open_to(Access::default()).await
    }

    pub async fn open_to(access: Access) -> Self {
        let desk = Self::closed(access).await;
        desk.may_answer.add_permits(Semaphore::MAX_PERMITS / 2);
        desk
    }

    /// One that takes questions and does not answer yet.
    pub async fn closed(access: Access) -> Self {
        let dir = Scratch::new();
        let listener = Listener::bind(&dir.path().join("keeper.sock"), Duration::ZERO)
            .await
            .unwrap();
        let (keeper, mut questions) = Client::channel(1024);
        let asked = Arc::new(AtomicUsize::new(0));
        let may_answer = Arc::new(Semaphore::new(0));
        let (counted, allowed) = (Arc::clone(&asked), Arc::clone(&may_answer));
        tokio::spawn(async move {
            while let Some((_, answer)) = questions.recv().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let allowed = Arc::clone(&allowed);
                tokio::spawn(async move {
                    allowed.acquire().await.unwrap().forget();
                    let _ = answer.send(ready());
                });
            }
        });
        let stop = CancellationToken::new();
        let serving = tokio::spawn(serve(listener, keeper, access, stop.clone()));
        Self {
            client: Client::socket(dir.path().join("keeper.sock")),
            dir,
            asked,
            may_answer,
            stop,
            serving,
        }
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("keeper.sock")
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// What is answered to these bytes; none when the line is closed without a word.
    pub async fn send(&self, bytes: &[u8]) -> Option<Reply> {
        let mut line = UnixStream::connect(self.path()).await.unwrap();
        // The other side may have closed before it read everything.
        let _ = line.write_all(bytes).await;
        let _ = line.shutdown().await;
        answer(&mut line).await
    }
}

pub(super) fn ready() -> Reply {
    Reply::Health {
        ready: true,
        detail: String::new(),
    }
}

pub(super) async fn answer(line: &mut UnixStream) -> Option<Reply> {
    let length = line.read_u32().await.ok()?;
    let mut bytes = vec![0; length as usize];
    line.read_exact(&mut bytes).await.ok()?;
    Some(serde_json::from_slice(&bytes).unwrap())
}

pub(super) fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [length.as_slice(), message].concat()
}
