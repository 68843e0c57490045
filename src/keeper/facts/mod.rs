//! What Microsoft can tell about a tenant besides errors: asked after a death, when it explains it, and once a day, for the
//! forecast. It only looks: it takes no lease of a connection, renews nothing and writes no error, and whatever it meets, no
//! refresh waits for it. Bounded: a few tenants at a time, a handful of calls each.

mod found;
mod look;
mod outlook;
mod way_in;
mod worker;

pub(super) use outlook::{Outlook, outlook};
pub(super) use worker::work;
