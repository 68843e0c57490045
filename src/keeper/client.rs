//! The portal's end of the line to the keeper: over a socket to its process, or a channel within one process for tests.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot};
use uuid::Uuid;

use super::desk::Desk;
use super::errands::{Errands, Join};
use super::message::quick::{Quick, QuickReply};
use super::message::{Reply, Request};
use super::socket;
use crate::clock::Clock;

/// Longest wait for an answer: longer than a refresh of a whole resource set against a slow Microsoft.
const PATIENCE: Duration = Duration::from_secs(90);
/// To be taken and to deliver a question.
const DELIVERY: Duration = Duration::from_secs(5);

/// A question on its way, with the place for its answer.
pub type Envelope = (Request, oneshot::Sender<Reply>);

/// Asks the keeper; cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    way: Way,
    /// The demo's movable clock, which the keeper's process follows.
    clock: Option<Arc<Followed>>,
    desk: Desk,
    refreshing: Errands,
    validating: Errands,
}

#[derive(Clone, Debug)]
enum Way {
    Channel(mpsc::Sender<Envelope>),
    Socket(Arc<Path>),
}

#[derive(Debug)]
struct Followed {
    clock: Clock,
    /// Offset that the keeper was told last, milliseconds; none when it knows nothing.
    told: Mutex<Option<i64>>,
}

/// The keeper did not take the question or did not answer in time. Nothing can be said about whether it acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the keeper does not answer")]
pub struct Unavailable;

impl Client {
    /// A client and the queue that a keeper reads; at most `capacity` questions wait.
    pub fn channel(capacity: usize) -> (Self, mpsc::Receiver<Envelope>) {
        let (questions, queue) = mpsc::channel(capacity);
        let client = Self {
            way: Way::Channel(questions),
            clock: None,
            desk: Desk::default(),
            refreshing: Errands::default(),
            validating: Errands::default(),
        };
        (client, queue)
    }

    /// A client of the keeper that listens at `path`, now or later.
    pub fn socket(path: PathBuf) -> Self {
        Self {
            way: Way::Socket(path.into()),
            clock: None,
            desk: Desk::default(),
            refreshing: Errands::default(),
            validating: Errands::default(),
        }
    }

    /// Have the keeper follow a clock that is moved here; it must have been started for that.
    #[must_use]
    pub fn following(self, clock: Clock) -> Self {
        let followed = Followed {
            clock,
            told: Mutex::new(None),
        };
        Self {
            clock: Some(Arc::new(followed)),
            ..self
        }
    }

    /// Ask one question and wait for its answer.
    pub async fn ask(&self, request: Request) -> Result<Reply, Unavailable> {
        let asked = async {
            self.tell_the_time().await?;
            self.exchange(request).await
        };
        tokio::time::timeout(PATIENCE, asked)
            .await
            .map_err(|_| Unavailable)?
    }

    /// Ask for a token that is stored and still lives, together with whoever asks at the same time.
    pub async fn hand_out_quickly(&self, one: Quick) -> Result<QuickReply, Unavailable> {
        self.desk.clone().hand_out(self, one).await
    }

    /// Before asking for a token that must be refreshed first: go, or wait for whoever of this process went.
    pub fn join_refresh(&self, tenant: Uuid, resource: &str) -> Join {
        self.refreshing.join(tenant, resource)
    }

    /// Before asking for a tenant's checks: go, or wait for whoever of this process went; none when so many are under way.
    pub fn join_validation(&self, tenant: Uuid, most: usize) -> Option<Join> {
        self.validating.join_among(most, tenant, "")
    }

    /// Tell the keeper where the followed clock stands, if that is news.
    pub async fn tell_the_time(&self) -> Result<(), Unavailable> {
        let Some(followed) = &self.clock else {
            return Ok(());
        };
        // One at a time, so that the keeper is never told an older time after a newer one.
        let mut told = followed.told.lock().await;
        let offset_ms = followed.clock.offset_ms();
        if *told != Some(offset_ms) {
            *told = None;
            self.exchange(Request::MoveClock { offset_ms }).await?;
            *told = Some(offset_ms);
        }
        Ok(())
    }

    /// The keeper's process is another one now: it knows nothing of the clock.
    pub async fn forget_the_time(&self) {
        if let Some(followed) = &self.clock {
            *followed.told.lock().await = None;
        }
    }

    async fn exchange(&self, request: Request) -> Result<Reply, Unavailable> {
        match &self.way {
            Way::Channel(questions) => {
                let (answer, reply) = oneshot::channel();
                let sent = questions.send((request, answer)).await;
                sent.map_err(|_| Unavailable)?;
                reply.await.map_err(|_| Unavailable)
            }
            Way::Socket(path) => over_socket(path, &request).await.map_err(|error| {
                tracing::debug!(%error, "the keeper does not answer");
                Unavailable
            }),
        }
    }
}

async fn over_socket(path: &Path, request: &Request) -> Result<Reply, socket::FrameError> {
    let connected = tokio::time::timeout(DELIVERY, socket::connect(path)).await;
    let line = connected.map_err(|_| socket::FrameError::Slow)?;
    let mut line = line.map_err(socket::FrameError::Line)?;
    socket::write(&mut line, request, DELIVERY).await?;
    socket::read(&mut line, PATIENCE).await
}
