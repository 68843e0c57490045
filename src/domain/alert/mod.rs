//! Alerts: what happened becomes messages to people and machines, by the MSP's rules. Three steps, each a transaction of its
//! own, so that nothing is lost between any two:
//!
//! 1. Whoever changes something leaves an `alert_events` row in the same transaction (triggers, migration 210).
//! 2. `evaluate` turns events and the passing of time into alerts, and alerts into deliveries, all in one transaction.
//! 3. `deliver` hands each delivery to its channel, again and again until it was taken.

mod announce;
mod beat;
mod channel;
mod deliver;
mod evaluate;
mod event;
pub mod format;
mod happened;
mod list;
mod message;
mod rule;
mod scan;
mod schedule;
mod snooze;
mod store;

pub use beat::{Beat, beat};
pub use channel::{
    Channel, ChannelError, ChannelInput, ChannelKind, ChannelState, Created, OWNERS, Prepared,
    SealedKey, add, channel, channels, make_key, prepare, prepare_change, remove_channel, rotate,
    set_state, test, update_channel,
};
pub use deliver::{
    Claimed, Courier, Delivery, DeliveryState, Outcome, channels_due, claim, deliver, deliveries,
    hold_all, replay, replay_failed, send, settle,
};
pub use evaluate::{Evaluated, Voice, evaluate};
pub use event::{Event, Severity};
pub use list::{Alert, Filter, Open, Subject, count_open, find, get, list};
pub use message::{Message, Named, Step, ticket_key};
pub use rule::{
    Quiet, Rule, RuleError, RuleInput, find as rule, list as rules, remove as remove_rule,
    save as save_rule, set_enabled, unused_tags,
};
pub use schedule::{GIVE_UP, next_attempt};
pub use snooze::{SnoozeError, snooze, wake};
pub use store::totals::{Sums, Traffic, sums, traffic};

pub use crate::domain::tenant::FieldError;
