//! Collects quick hand-outs while the ones before them are being committed: the more come at once, the more share a commit,
//! and whoever comes alone waits for nobody.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use super::client::{Client, Unavailable};
use super::message::quick::{Quick, QuickReply};
use super::message::{Reply, Request};
use super::quick::MOST;

/// Messages on their way at once: one is being committed while the next is made up.
const ON_THE_WAY: usize = 2;

type Waiting = (Quick, oneshot::Sender<QuickReply>);

/// Who waits.
#[derive(Clone, Debug, Default)]
pub struct Desk(Arc<Mutex<Queue>>);

/// What somebody here waits for already, such as the refresh of a tenant's resource: a crowd sends one of them to the keeper.
#[derive(Clone, Debug, Default)]
pub struct Errands(Arc<Mutex<HashMap<Errand, watch::Receiver<()>>>>);

type Errand = (Uuid, String);

/// Whether one goes oneself or waits for who went.
pub enum Join {
    /// Go; the others wake when this is dropped.
    Go(Going),
    /// Somebody is on the way.
    Wait(watch::Receiver<()>),
}

/// On the way to the keeper.
pub struct Going {
    all: Errands,
    errand: Errand,
    _tell: watch::Sender<()>,
}

impl Errands {
    fn map(&self) -> MutexGuard<'_, HashMap<Errand, watch::Receiver<()>>> {
        // Whole between any two statements.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Join whoever is on this errand, or go oneself.
    pub fn join(&self, tenant: Uuid, what: &str) -> Join {
        self.enter(&mut self.map(), (tenant, what.to_owned()))
    }

    /// The same; none when so many are on other errands that nobody else should go.
    pub fn join_among(&self, most: usize, tenant: Uuid, what: &str) -> Option<Join> {
        let errand = (tenant, what.to_owned());
        let mut map = self.map();
        let has_room = map.len() < most || map.contains_key(&errand);
        has_room.then(|| self.enter(&mut map, errand))
    }

    fn enter(&self, map: &mut HashMap<Errand, watch::Receiver<()>>, errand: Errand) -> Join {
        if let Some(wait) = map.get(&errand) {
            return Join::Wait(wait.clone());
        }
        let (tell, wait) = watch::channel(());
        map.insert(errand.clone(), wait);
        Join::Go(Going {
            all: self.clone(),
            errand,
            _tell: tell,
        })
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        self.all.map().remove(&self.errand);
    }
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    on_the_way: usize,
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
            let carries = queue.on_the_way < ON_THE_WAY;
            queue.on_the_way += usize::from(carries);
            carries
        };
        if carries {
            // A task of its own: whoever asked first may go away.
            tokio::spawn(self.clone().carry(client.clone()));
        }
        told.await.map_err(|_| Unavailable)
    }

    /// What waits, as much as one message carries; none, and one carrier less, when nobody does.
    fn take(&self) -> Option<Vec<Waiting>> {
        let mut queue = self.queue();
        let count = queue.waiting.len().min(MOST);
        if count == 0 {
            queue.on_the_way -= 1;
            return None;
        }
        Some(queue.waiting.drain(..count).collect())
    }

    /// Carry messages until nobody waits.
    async fn carry(self, client: Client) {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_goes_the_others_wait_and_too_many_are_sent_away() {
        let (all, one, other) = (Errands::default(), Uuid::from_u128(1), Uuid::from_u128(2));
        let going = all.join_among(1, one, "");
        assert!(matches!(going, Some(Join::Go(_))));
        assert!(matches!(all.join_among(1, one, ""), Some(Join::Wait(_))));
        assert!(all.join_among(1, other, "").is_none());
        drop(going);
        assert!(matches!(all.join_among(1, other, ""), Some(Join::Go(_))));
    }
}
