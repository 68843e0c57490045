//! The portal's end of the line to the keeper. Today a channel within one process; the messages are serialisable so that
//! a socket can take its place.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::message::{Reply, Request};

/// Longest wait for an answer: longer than a refresh of a whole resource set against a slow Microsoft.
const PATIENCE: Duration = Duration::from_secs(90);

/// A question on its way, with the place for its answer.
pub type Envelope = (Request, oneshot::Sender<Reply>);

/// Asks the keeper; cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    questions: mpsc::Sender<Envelope>,
}

/// The keeper did not take the question or did not answer in time. Nothing can be said about whether it acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the keeper does not answer")]
pub struct Unavailable;

impl Client {
    /// A client and the queue that a keeper reads; at most `capacity` questions wait.
    pub fn channel(capacity: usize) -> (Self, mpsc::Receiver<Envelope>) {
        let (questions, queue) = mpsc::channel(capacity);
        (Self { questions }, queue)
    }

    /// Ask one question and wait for its answer.
    pub async fn ask(&self, request: Request) -> Result<Reply, Unavailable> {
        let (answer, reply) = oneshot::channel();
        let exchange = async {
            self.questions
                .send((request, answer))
                .await
                .map_err(|_| Unavailable)?;
            reply.await.map_err(|_| Unavailable)
        };
        tokio::time::timeout(PATIENCE, exchange)
            .await
            .map_err(|_| Unavailable)?
    }
}
