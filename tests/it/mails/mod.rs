//! Mails to customers: queued, sent once, in the customer's language and the MSP's colours.

mod letter;
mod queue;
mod stage;
