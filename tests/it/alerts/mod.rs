//! Alerts from outside: what happens to tenants arrives at real receivers, once per rule and channel, whatever dies in between.

mod channels;
mod clients;
mod guard;
mod incident;
mod keys;
mod pages;
mod receiver;
mod stage;
mod told;
