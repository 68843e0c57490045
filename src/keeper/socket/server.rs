//! The keeper's end: takes connections of those who may ask, reads one question each, and lets the keeper answer.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::bind::{Listener, SocketLock};
use super::frame::{self, FrameError};
use crate::keeper::client::{Client, Unavailable};
use crate::keeper::message::{Refusal, Reply, Request};

/// A question must be here, and an answer taken, within this time.
const DELIVERY: Duration = Duration::from_secs(10);
/// Connections at a time; more wait in the system's queue.
const CONNECTIONS: u32 = 1024;
/// Questions in work at a time; more are asked to come again.
const IN_WORK: usize = 256;
/// Questions in work when the keeper stops are waited for so long.
const FAREWELL: Duration = Duration::from_secs(20);

/// Whose questions are answered, besides root's and those of the keeper's own user.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// User ids.
    pub users: Vec<u32>,
}

/// Answer until `stop`; questions in work are answered to their end. The path stays ours while the lock lives.
pub async fn serve(
    listener: Listener,
    keeper: Client,
    access: Access,
    stop: CancellationToken,
) -> Option<SocketLock> {
    let places = Arc::new(Semaphore::new(CONNECTIONS as usize));
    let work = Arc::new(Semaphore::new(IN_WORK));
    let next = async || {
        // The semaphore is never closed.
        let place = Arc::clone(&places).acquire_owned().await.ok();
        (place, listener.socket.accept().await)
    };
    loop {
        let (place, taken) = tokio::select! {
            () = stop.cancelled() => break,
            next = next() => next,
        };
        let line = match taken {
            Ok((line, _)) => line,
            Err(error) => {
                // Out of file descriptors, most likely: it passes when others end.
                tracing::warn!(%error, "a connection to the keeper cannot be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        if !access.admits(&line) {
            continue;
        }
        let (keeper, work, stop) = (keeper.clone(), Arc::clone(&work), stop.clone());
        tokio::spawn(async move {
            answer(line, &keeper, &work, &stop).await;
            drop(place);
        });
    }
    let lock = listener.close();
    // Nobody new from here on; who is in work gets his answer.
    if tokio::time::timeout(FAREWELL, places.acquire_many(CONNECTIONS))
        .await
        .is_err()
    {
        tracing::warn!("the keeper stops with questions unanswered");
    }
    lock
}

impl Access {
    /// By the peer's user id as the system tells it; before a byte is read.
    fn admits(&self, line: &UnixStream) -> bool {
        let Ok(peer) = line.peer_cred() else {
            return false;
        };
        let uid = peer.uid();
        let own = rustix::process::geteuid().as_raw();
        let admitted = uid == 0 || uid == own || self.users.contains(&uid);
        if !admitted {
            tracing::warn!(
                peer.uid = uid,
                "a user who may not ask the keeper was refused"
            );
        }
        admitted
    }
}

async fn answer(mut line: UnixStream, keeper: &Client, work: &Semaphore, stop: &CancellationToken) {
    let question = tokio::select! {
        () = stop.cancelled() => return,
        question = frame::read::<Request>(&mut line, DELIVERY) => question,
    };
    let reply = match question {
        Ok(request) => match work.try_acquire() {
            Ok(_in_work) => match keeper.ask(request).await {
                Ok(reply) => reply,
                // The line closes, and the asker knows as much as we do.
                Err(Unavailable) => return,
            },
            Err(_) => Reply::Refused(Refusal::Busy),
        },
        Err(FrameError::Closed) => return,
        Err(error @ (FrameError::TooLong(_) | FrameError::Odd)) => {
            tracing::warn!(%error, "a question to the keeper was refused");
            Reply::Refused(Refusal::NotUnderstood)
        }
        Err(error) => {
            tracing::warn!(%error, "a question to the keeper did not arrive");
            return;
        }
    };
    if let Err(error) = frame::write(&mut line, &reply, DELIVERY).await {
        tracing::warn!(%error, "an answer of the keeper was not taken");
    }
}
