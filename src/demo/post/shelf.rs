//! What came, the newest first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::clock::Clock;
use crate::web::kit::when;

/// Of more the oldest are forgotten.
const KEPT: usize = 500;

/// A mail or a webhook.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    pub number: u64,
    /// `Mail` or `Webhook`.
    pub kind: &'static str,
    /// By the demo's clock: `2026-11-21 02:15 UTC`.
    pub at: String,
    pub to: String,
    pub title: String,
    pub text: String,
}

impl Item {
    /// The addresses in its text, for whoever wants to follow them.
    pub fn links(&self) -> Vec<&str> {
        let words = self.text.split(['"', ' ', '\n', '\t', '<', '>']);
        let mut links: Vec<&str> = words
            .filter(|word| word.starts_with("http://") || word.starts_with("https://"))
            .collect();
        links.dedup();
        links
    }
}

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Shelf {
    items: Arc<Mutex<(u64, VecDeque<Item>)>>,
    clock: Clock,
}

impl Shelf {
    pub fn new(clock: Clock) -> Self {
        Self {
            items: Arc::default(),
            clock,
        }
    }

    fn all(&self) -> MutexGuard<'_, (u64, VecDeque<Item>)> {
        // Whole between any two statements.
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn put(&self, kind: &'static str, to: String, title: String, text: String) {
        let at = when::exact(self.clock.now());
        let mut all = self.all();
        all.0 += 1;
        let number = all.0;
        all.1.push_front(Item {
            number,
            kind,
            at,
            to,
            title,
            text,
        });
        all.1.truncate(KEPT);
    }

    pub fn items(&self) -> Vec<Item> {
        self.all().1.iter().cloned().collect()
    }

    pub fn find(&self, number: u64) -> Option<Item> {
        self.all()
            .1
            .iter()
            .find(|one| one.number == number)
            .cloned()
    }
}
