//! The refresh protocol: claim a connection by lease, open its token, ask Microsoft outside any transaction, decide by one
//! pure rule, commit by comparing the version, and only then tell anybody. One refresh token serves all resources of a
//! connection: they are asked for one after another under one lease, each committed by itself.
//!
//! Wherever the process dies, the store holds a whole row and the lease ends within two minutes; Entra accepts the token
//! before, so nothing is lost.

mod answer;
mod backoff;
mod class;
mod commit;
mod committer;
mod decide;
#[cfg(test)]
mod explore;
mod failure;
mod grant;
mod join;
mod judge;
mod lapse;
mod plan;
mod report;
mod run;
mod settle;
mod state;
mod take;
mod worker;

pub(super) use class::{Class, heard};
pub(super) use committer::Committer;
pub(super) use decide::{Decision, never};
pub(super) use failure::record_failure;
pub(super) use grant::seal as seal_grant;
pub(super) use join::{Running, refresh, refresh_for};
pub(super) use lapse::{lapse, lapse_of};
pub(super) use plan::Wish;
pub(super) use report::{Line, Report};
pub(super) use state::{State, UnknownState};
pub(super) use worker::work;
