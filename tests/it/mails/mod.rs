//! Mails to customers: queued, sent once, in the customer's language and the MSP's colours.

mod brake;
mod branding;
mod languages;
pub mod letter;
mod news;
mod once;
mod queue;
mod stage;
mod texts;
