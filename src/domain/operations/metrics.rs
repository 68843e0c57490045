//! The numbers that a monitoring system reads, of the whole installation: every replica of the portal gives the same.

use super::store::{csp, today};
use super::{Breaker, Database, KeeperLife, Latency, Present, WorkerRun, present};
use crate::domain::op::{Op, Scope};
use crate::domain::sign_on;

/// Calls to Microsoft of one operation and end, since the first ever.
#[derive(Clone, Debug)]
pub struct Calls {
    pub operation: String,
    /// `ok`, `refused`, `throttled`, `server_error`, `no_answer`.
    pub outcome: String,
    pub calls: i64,
    /// Together.
    pub seconds: f64,
    /// Per range of duration.
    pub durations: Vec<i64>,
}

/// All of them.
#[derive(Clone, Debug)]
pub struct Figures {
    pub present: Present,
    /// Tenants by state.
    pub states: Vec<(String, i32)>,
    pub calls: Vec<Calls>,
    /// Errors ever recorded, by cause.
    pub errors: Vec<(String, i64)>,
    /// Open, by kind.
    pub incidents: Vec<(String, i64)>,
    pub workers: Vec<WorkerRun>,
    /// Of the last day: kind, whether it went out, how many.
    pub letters: Vec<(String, bool, i64)>,
    pub open_invitations: i64,
    /// Sign-ons and emergency logins ever, by how they ended.
    pub sign_ons: Vec<sign_on::Total>,
    /// What browsers reported about the content policy, ever, by directive.
    pub csp_reports: Vec<(String, i64)>,
    pub database: Database,
}

impl Figures {
    /// Breakers that are shut.
    pub fn shut(&self) -> impl Iterator<Item = &Breaker> {
        self.present
            .breakers
            .iter()
            .filter(|breaker| breaker.times > 0)
    }

    pub fn living_keepers(&self) -> impl Iterator<Item = &KeeperLife> {
        self.present
            .keepers
            .iter()
            .filter(|keeper| keeper.is_alive())
    }
}

impl Calls {
    /// Their durations.
    pub fn latency(&self) -> Latency {
        Latency(self.durations.clone())
    }
}

/// Read them all; a few small tables, whatever the number of tenants.
pub async fn figures(op: &mut Op) -> Result<Figures, sqlx::Error> {
    Ok(Figures {
        present: present(op, Scope::all()).await?,
        states: today::states(op).await?,
        calls: today::calls(op).await?,
        errors: today::errors(op).await?,
        incidents: today::open_incidents(op).await?,
        workers: today::worker_runs(op).await?,
        letters: today::letters(op).await?,
        open_invitations: today::open_invitations(op).await?,
        sign_ons: sign_on::totals(op).await?,
        csp_reports: csp::totals(op).await?,
        database: today::database(op).await?,
    })
}
