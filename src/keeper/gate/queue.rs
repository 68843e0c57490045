//! Who is next: tenants take turns, so that one with many requests starves nobody, and what somebody waits for goes
//! ahead of what is scheduled, within bounds. Pure; knows neither time nor limits.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// So many by hand in a row; then one that is scheduled has its turn.
const IN_A_ROW: usize = 3;

/// Tickets of tenants `K`.
pub(super) struct Queue<K, T> {
    by_hand: Turns<K, T>,
    scheduled: Turns<K, T>,
    row: usize,
}

impl<K: Copy + Eq + Hash, T> Queue<K, T> {
    pub fn new() -> Self {
        Self {
            by_hand: Turns::new(),
            scheduled: Turns::new(),
            row: 0,
        }
    }

    pub fn push(&mut self, key: K, by_hand: bool, ticket: T) {
        let turns = if by_hand {
            &mut self.by_hand
        } else {
            &mut self.scheduled
        };
        turns.push(key, ticket);
    }

    /// The next ticket.
    pub fn pop(&mut self) -> Option<T> {
        if (self.row < IN_A_ROW || self.scheduled.count == 0)
            && let Some(ticket) = self.by_hand.pop()
        {
            self.row += 1;
            return Some(ticket);
        }
        self.row = 0;
        self.scheduled.pop().or_else(|| self.by_hand.pop())
    }

    /// Tickets that a new one would wait for at most.
    pub fn ahead(&self, by_hand: bool) -> usize {
        let hands = self.by_hand.count;
        if by_hand {
            hands + (hands / IN_A_ROW).min(self.scheduled.count)
        } else {
            hands + self.scheduled.count
        }
    }

    /// Leave aside what nobody waits for any more.
    pub fn retain(&mut self, wanted: impl Fn(&T) -> bool) {
        self.by_hand.retain(&wanted);
        self.scheduled.retain(&wanted);
    }

    pub fn is_empty(&self) -> bool {
        self.by_hand.count + self.scheduled.count == 0
    }
}

/// Keys in turn, each with its tickets in order.
struct Turns<K, T> {
    order: VecDeque<K>,
    waiting: HashMap<K, VecDeque<T>>,
    count: usize,
}

impl<K: Copy + Eq + Hash, T> Turns<K, T> {
    fn new() -> Self {
        Self {
            order: VecDeque::new(),
            waiting: HashMap::new(),
            count: 0,
        }
    }

    fn push(&mut self, key: K, ticket: T) {
        let tickets = self.waiting.entry(key).or_default();
        if tickets.is_empty() {
            self.order.push_back(key);
        }
        tickets.push_back(ticket);
        self.count += 1;
    }

    fn pop(&mut self) -> Option<T> {
        let key = self.order.pop_front()?;
        let tickets = self.waiting.get_mut(&key)?;
        let ticket = tickets.pop_front();
        self.count -= usize::from(ticket.is_some());
        if tickets.is_empty() {
            self.waiting.remove(&key);
        } else {
            self.order.push_back(key);
        }
        ticket
    }

    fn retain(&mut self, wanted: &impl Fn(&T) -> bool) {
        self.waiting.retain(|_, tickets| {
            tickets.retain(wanted);
            !tickets.is_empty()
        });
        let waiting = &self.waiting;
        self.order.retain(|key| waiting.contains_key(key));
        self.count = self.waiting.values().map(VecDeque::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(queue: &mut Queue<char, String>) -> String {
        std::iter::from_fn(|| queue.pop())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn tenants_take_turns_however_much_one_of_them_asks_for() {
        let mut queue = Queue::new();
        for ticket in 1..=4 {
            queue.push('a', false, format!("a{ticket}"));
        }
        queue.push('b', false, "b1".into());
        queue.push('c', false, "c1".into());
        queue.push('b', false, "b2".into());
        assert_eq!(drain(&mut queue), "a1 b1 c1 a2 b2 a3 a4");
        assert!(queue.is_empty());
    }

    #[test]
    fn by_hand_goes_first_and_yet_never_shuts_the_schedule_out() {
        let mut queue = Queue::new();
        for ticket in 1..=3 {
            queue.push('s', false, format!("s{ticket}"));
        }
        for ticket in 1..=7 {
            queue.push('h', true, format!("h{ticket}"));
        }
        assert_eq!(queue.ahead(true), 9);
        assert_eq!(queue.ahead(false), 10);
        assert_eq!(drain(&mut queue), "h1 h2 h3 s1 h4 h5 h6 s2 h7 s3");
    }

    #[test]
    fn who_left_is_not_waited_for() {
        let mut queue = Queue::new();
        for ticket in ["a1", "a2"] {
            queue.push('a', false, ticket.to_owned());
        }
        queue.push('b', true, "b1".to_owned());
        queue.retain(|ticket| ticket == "a2");
        assert_eq!(queue.ahead(false), 1);
        assert_eq!(drain(&mut queue), "a2");
    }
}
