//! Group commit: answers that arrive while a commit is under way go into the next one together. Under no load an answer
//! is stored alone and at once. Who waits learns what became of his own answer; a batch that fails as a whole is left to
//! its members, each of which then tries alone.

use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::keeper::fault::{Point, reach};
use crate::keeper::settings::Settings;
use crate::keeper::store::successes::{self, Success};

/// What became of one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Stored {
        /// The claim is still ours.
        leased: bool,
    },
    /// The version moved, or the row is gone.
    Moved,
    /// Nobody knows: the statement failed, for whatever member's fault, or its answer was lost.
    Unknown,
}

struct Item {
    success: Success,
    tell: oneshot::Sender<Written>,
}

/// The way to it; cheap to clone.
pub struct Committer {
    items: mpsc::Sender<Item>,
}

impl Committer {
    /// The committer, and its work: to be spawned, ends when the last answer is stored and nobody can bring another.
    pub fn new(
        pool: PgPool,
        settings: &Settings,
    ) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let (items, queue) = mpsc::channel(settings.commit_batch);
        let (batch, lanes) = (settings.commit_batch, settings.commit_lanes);
        (Self { items }, work(pool, queue, batch, lanes))
    }

    /// Store an answer with the others of this moment.
    pub(super) async fn write(&self, success: Success) -> Written {
        let (tell, told) = oneshot::channel();
        if self.items.send(Item { success, tell }).await.is_err() {
            return Written::Unknown;
        }
        told.await.unwrap_or(Written::Unknown)
    }
}

async fn work(pool: PgPool, mut queue: mpsc::Receiver<Item>, most: usize, all: u32) {
    let lanes = Arc::new(Semaphore::new(all as usize));
    while let Ok(lane) = Arc::clone(&lanes).acquire_owned().await {
        let mut batch = Vec::new();
        if queue.recv_many(&mut batch, most).await == 0 {
            break;
        }
        let pool = pool.clone();
        tokio::spawn(async move {
            write(&pool, batch).await;
            drop(lane);
        });
    }
    // The last statements end before the work does.
    let _ = lanes.acquire_many(all).await;
}

async fn write(pool: &PgPool, batch: Vec<Item>) {
    let rows: Vec<&Success> = batch.iter().map(|item| &item.success).collect();
    reach(Point::BeforeCommit);
    let accepted = successes::insert(pool, &rows).await;
    reach(Point::Committed);
    let mut written = match &accepted {
        Ok(_) => vec![Written::Moved; batch.len()],
        Err(error) => {
            tracing::warn!(answers = batch.len(), %error, "a batch of answers is not stored; each is tried alone");
            vec![Written::Unknown; batch.len()]
        }
    };
    for stored in accepted.into_iter().flatten() {
        if let Some(one) = written.get_mut(stored.place) {
            *one = Written::Stored {
                leased: stored.leased,
            };
        }
    }
    for (item, written) in batch.into_iter().zip(written) {
        let _ = item.tell.send(written);
    }
}
