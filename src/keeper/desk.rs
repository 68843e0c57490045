//! Collects quick hand-outs while the ones before them are being committed: the more come at once, the more share a commit,
//! and whoever comes alone waits for nobody.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::client::{Client, Unavailable};
use super::message::quick::{Quick, QuickReply};
use super::message::{Reply, Request};
use super::quick::MOST;

/// Messages on their way at once: one is being committed while the next is made up.
const ON_THE_WAY: usize = 2;
/// A second message sets off for no fewer: beside its hand-outs, a message costs as much as several of them.
const ENOUGH: usize = 16;

type Waiting = (Quick, oneshot::Sender<QuickReply>);

/// Who waits.
#[derive(Clone, Debug, Default)]
pub struct Desk(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    on_the_way: usize,
}

impl Queue {
    /// Whether what waits is worth a message, with so many others on their way.
    fn is_enough(&self, others: usize) -> bool {
        let least = if others == 0 { 1 } else { ENOUGH };
        others < ON_THE_WAY && self.waiting.len() >= least
    }
}

impl Desk {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Whole between any two statements.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ask for one hand-out, together with whoever asks at the same time.
    pub async fn hand_out(&self, client: &Client, one: Quick) -> Result<QuickReply, Unavailable> {
        let (tell, told) = oneshot::channel();
        let carries = {
            let mut queue = self.queue();
            queue.waiting.push_back((one, tell));
            let carries = queue.is_enough(queue.on_the_way);
            queue.on_the_way += usize::from(carries);
            carries
        };
        if carries {
            // A task of its own: whoever asked first may go away.
            let carrier = Carrier {
                desk: self.clone(),
                is_done: false,
            };
            tokio::spawn(carrier.carry(client.clone()));
        }
        told.await.map_err(|_| Unavailable)
    }
}

/// One of those that carry messages.
struct Carrier {
    desk: Desk,
    is_done: bool,
}

impl Drop for Carrier {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        // It failed. Whoever waits for nobody else is told.
        let mut queue = self.desk.queue();
        queue.on_the_way = queue.on_the_way.saturating_sub(1);
        if queue.on_the_way == 0 {
            queue.waiting.clear();
        }
    }
}

impl Carrier {
    /// Carry messages while they are worth it.
    async fn carry(mut self, client: Client) {
        while let Some(taken) = self.take() {
            let (asked, tell): (Vec<_>, Vec<_>) = taken.into_iter().unzip();
            match client.ask(Request::HandOutMany { all: asked }).await {
                Ok(Reply::HandedOutMany { all: replies }) => {
                    for (tell, reply) in tell.into_iter().zip(replies) {
                        // Gone meanwhile.
                        let _ = tell.send(reply);
                    }
                }
                // A keeper in trouble, or a busy one: each asks by itself and is told why.
                Ok(_) => {
                    for tell in tell {
                        let _ = tell.send(QuickReply::NotQuick);
                    }
                }
                // Dropping the senders says it.
                Err(Unavailable) => {}
            }
        }
    }

    /// What waits, as much as one message carries. None, and one carrier less, when that is not worth a message: another one is on
    /// its way, and takes it along when it is back.
    fn take(&mut self) -> Option<Vec<Waiting>> {
        let mut queue = self.desk.queue();
        let others = queue.on_the_way.saturating_sub(1);
        if !queue.is_enough(others) {
            queue.on_the_way = others;
            self.is_done = true;
            return None;
        }
        let count = queue.waiting.len().min(MOST);
        Some(queue.waiting.drain(..count).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::mpsc::Receiver;

    use super::*;
    use crate::keeper::client::Envelope;

    fn ask(client: &Client, how_many: usize) {
        for _ in 0..how_many {
            let client = client.clone();
            tokio::spawn(async move { client.hand_out_quickly(Quick::default()).await });
        }
    }

    /// The next message: how many it carries, and where its answer goes.
    async fn next(queue: &mut Receiver<Envelope>) -> (usize, oneshot::Sender<Reply>) {
        let waited = tokio::time::timeout(Duration::from_secs(20), queue.recv());
        let Ok(Some((Request::HandOutMany { all }, answer))) = waited.await else {
            unreachable!("a message of hand-outs");
        };
        (all.len(), answer)
    }

    fn answer(count: usize, to: oneshot::Sender<Reply>) {
        let all = (0..count).map(|_| QuickReply::NotQuick).collect();
        to.send(Reply::HandedOutMany { all }).unwrap();
    }

    #[tokio::test]
    async fn one_goes_at_once_and_the_next_message_when_it_is_worth_it() {
        let (client, mut queue) = Client::channel(4);
        ask(&client, 1);
        let (first, to_first) = next(&mut queue).await;
        assert_eq!(first, 1);
        ask(&client, ENOUGH - 1);
        tokio::task::yield_now().await;
        assert!(queue.try_recv().is_err(), "a few wait for the first");
        ask(&client, 1);
        let (second, to_second) = next(&mut queue).await;
        assert_eq!(second, ENOUGH);
        ask(&client, 3);
        tokio::task::yield_now().await;
        answer(first, to_first);
        tokio::task::yield_now().await;
        assert!(queue.try_recv().is_err(), "a few wait for the second");
        answer(second, to_second);
        let (third, to_third) = next(&mut queue).await;
        assert_eq!(third, 3, "whoever is back takes them along");
        answer(third, to_third);
        // Everybody is back: the next one goes at once again.
        tokio::task::yield_now().await;
        ask(&client, 1);
        assert_eq!(next(&mut queue).await.0, 1);
    }

    #[tokio::test]
    async fn a_carrier_that_fails_leaves_nobody_waiting() {
        let desk = Desk::default();
        let (tell, told) = oneshot::channel();
        desk.queue().on_the_way = 1;
        desk.queue().waiting.push_back((Quick::default(), tell));
        drop(Carrier {
            desk: desk.clone(),
            is_done: false,
        });
        assert!(told.await.is_err());
        assert_eq!(desk.queue().on_the_way, 0);
    }
}
