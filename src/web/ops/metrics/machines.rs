//! Families of the machinery: keepers, workers, mails, the database.

use std::fmt;

use prometheus_client::registry::Unit;

use super::Families;
use super::writer::{Writer, number, whole};
use crate::domain::operations;

impl Families {
    pub(super) fn machines(&self, to: &mut Writer<'_>) -> fmt::Result {
        let figures = &self.figures;
        let count = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
        to.single(
            "tenantry_keepers",
            "Keepers at work",
            None,
            Some(count(figures.living_keepers().count())),
        )?;
        let sum = |of: fn(&operations::KeeperLife) -> i32| {
            Some(figures.living_keepers().map(|k| f64::from(of(k))).sum())
        };
        to.single(
            "tenantry_keeper_requests_in_flight",
            "Requests to Microsoft under way, of all keepers",
            None,
            sum(|keeper| keeper.in_flight),
        )?;
        to.single(
            "tenantry_keeper_requests_waiting",
            "Requests to Microsoft waiting for their turn, of all keepers",
            None,
            sum(|keeper| keeper.waiting),
        )?;
        to.single(
            "tenantry_breakers_shut",
            "Circuit breakers towards Microsoft that are shut",
            None,
            Some(count(figures.shut().count())),
        )?;
        let workers = || figures.workers.iter();
        to.counter(
            "tenantry_worker_runs",
            "Runs of each worker, of all replicas",
            workers().map(|run| (worker(run), whole(run.runs))),
        )?;
        to.counter(
            "tenantry_worker_failed_runs",
            "Runs of each worker that failed",
            workers().map(|run| (worker(run), whole(run.failed_runs))),
        )?;
        to.gauge(
            "tenantry_worker_last_success_age",
            "Time since each worker's last good run",
            Some(&Unit::Seconds),
            workers().filter_map(|run| Some((worker(run), self.age(run.last_good_at?)))),
        )?;
        to.gauge(
            "tenantry_worker_period",
            "How often each worker runs",
            Some(&Unit::Seconds),
            workers().map(|run| (worker(run), run.period.as_secs_f64())),
        )?;
        to.gauge(
            "tenantry_mails_last_day",
            "Mails of the last 24 hours by kind and whether they went out",
            None,
            figures.letters.iter().map(|(kind, sent, n)| {
                let result = if *sent { "sent" } else { "failed" };
                ([("kind", kind.as_str()), ("result", result)], number(*n))
            }),
        )
    }

    pub(super) fn database(&self, to: &mut Writer<'_>) -> fmt::Result {
        let database = &self.figures.database;
        to.single(
            "tenantry_database_size",
            "Size of the database",
            Some(&Unit::Bytes),
            Some(number(database.size_bytes)),
        )?;
        to.single(
            "tenantry_database_connections",
            "Connections to the database server",
            None,
            Some(f64::from(database.connections)),
        )?;
        to.single(
            "tenantry_database_connections_max",
            "Connections that the database server allows",
            None,
            Some(f64::from(database.max_connections)),
        )?;
        to.single(
            "tenantry_database_oldest_transaction_age",
            "Age of the oldest open transaction; absent when none is open",
            Some(&Unit::Seconds),
            database.oldest_transaction_s,
        )?;
        to.single(
            "tenantry_database_replica_lag",
            "How far the slowest replica is behind; absent without replicas",
            Some(&Unit::Seconds),
            database.replica_lag_s,
        )
    }
}

fn worker(run: &operations::WorkerRun) -> [(&'static str, &str); 1] {
    [("worker", run.name.as_str())]
}
