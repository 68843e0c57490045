//! What somebody of this process waits for already: a crowd that needs the same thing sends one of them to the keeper.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use uuid::Uuid;

/// Who is on the way, such as for the refresh of a tenant's resource.
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
