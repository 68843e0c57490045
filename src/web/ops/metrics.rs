//! `/metrics` for Prometheus: the figures of the whole installation, read from the database, where the keepers put theirs. Any
//! replica gives them all; scraping several gives the same numbers several times. No tenant is named.

use std::fmt;

use axum::extract;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet, text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use time::OffsetDateTime;

use super::State;
use crate::domain::alert;
use crate::domain::audit::{self, Chain};
use crate::domain::op::{Actor, Op};
use crate::domain::operations::{self, Calls, Figures};
use crate::keeper::CALL_BOUNDS_MS;

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) async fn answer(extract::State(state): extract::State<State>) -> Response {
    match read(&state).await {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            tracing::warn!(%error, "the metrics cannot be read");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn read(state: &State) -> anyhow::Result<String> {
    let app = &state.app;
    let mut op = Op::begin(&app.pool, &app.clock, Actor::Worker("metrics")).await?;
    let figures = operations::figures(&mut op).await?;
    let chain = audit::chain(&mut op).await?;
    let alerts = alert::sums(&mut op).await?;
    let now = op.now();
    op.roll_back().await?;
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Families {
        figures,
        chain,
        alerts,
        now,
    }));
    let mut text = String::new();
    text::encode(&mut text, &registry)?;
    Ok(text)
}

#[derive(Debug)]
struct Families {
    figures: Figures,
    chain: Chain,
    alerts: alert::Sums,
    now: OffsetDateTime,
}

/// Where one family goes: its name and help are written, its numbers follow.
struct Writer<'a>(DescriptorEncoder<'a>);

impl Writer<'_> {
    /// Numbers that go up and down.
    fn gauge<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        values: impl IntoIterator<Item = (L, f64)>,
    ) -> fmt::Result {
        let mut family = self
            .0
            .encode_descriptor(name, help, unit, MetricType::Gauge)?;
        for (labels, value) in values {
            ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    /// One number that goes up and down; none when there is nothing to measure.
    fn single(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        value: Option<f64>,
    ) -> fmt::Result {
        let family = self
            .0
            .encode_descriptor(name, help, unit, MetricType::Gauge)?;
        match value {
            Some(value) => ConstGauge::new(value).encode(family),
            None => Ok(()),
        }
    }

    /// Sums that only grow; `_total` is added to the name.
    fn counter<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (L, u64)>,
    ) -> fmt::Result {
        let mut family = self
            .0
            .encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, value) in values {
            ConstCounter::new(value).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn latency(&mut self, name: &str, help: &str, calls: &[Calls]) -> fmt::Result {
        let mut family =
            self.0
                .encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Histogram)?;
        for call in calls {
            let labels = of_call(call);
            histogram(family.encode_family(&labels)?, call)?;
        }
        Ok(())
    }
}

type Label<'a> = [(&'static str, &'a str); 1];

impl Collector for Families {
    fn encode(&self, encoder: DescriptorEncoder) -> fmt::Result {
        let mut to = Writer(encoder);
        self.fleet(&mut to)?;
        self.calls(&mut to)?;
        self.machines(&mut to)?;
        self.audit_log(&mut to)?;
        self.alerts(&mut to)?;
        self.database(&mut to)
    }
}

impl Families {
    fn alerts(&self, to: &mut Writer<'_>) -> fmt::Result {
        let sums = &self.alerts;
        to.gauge(
            "tenantry_alerts_open",
            "Alerts that are open, by severity",
            None,
            sums.open
                .by_severity
                .map(|(severity, n)| ([("severity", severity.as_str())], number(n))),
        )?;
        to.counter(
            "tenantry_alert_deliveries",
            "Attempts to deliver a message of an alert, by how they ended",
            sums.outcomes
                .iter()
                .map(|(outcome, n)| ([("outcome", outcome.as_str())], *n)),
        )?;
        let age = |at: OffsetDateTime| (self.now - at).as_seconds_f64().max(0.0);
        let kind = |one: &alert::Traffic| [("kind", one.kind.as_str())];
        to.gauge(
            "tenantry_alert_last_delivery_age",
            "Time since a channel of the kind last took a message; absent before the first",
            Some(&Unit::Seconds),
            sums.traffic
                .iter()
                .filter_map(|one| Some((kind(one), age(one.last_ok_at?)))),
        )?;
        to.gauge(
            "tenantry_alert_messages_refused",
            "Messages that were tried in vain and not taken since, by kind of channel",
            None,
            sums.traffic
                .iter()
                .map(|one| (kind(one), number(one.refused))),
        )?;
        to.single(
            "tenantry_alert_oldest_pending_age",
            "Time since the oldest message that is due and not delivered was written",
            Some(&Unit::Seconds),
            sums.oldest_pending.map(age),
        )
    }

    fn fleet(&self, to: &mut Writer<'_>) -> fmt::Result {
        let figures = &self.figures;
        let present = &figures.present;
        to.gauge(
            "tenantry_tenants",
            "Tenants by state, as of the newest sample",
            None,
            figures
                .states
                .iter()
                .map(|(state, n)| ([("state", state.as_str())], f64::from(*n))),
        )?;
        to.single(
            "tenantry_connections",
            "Connections that are renewed by schedule",
            None,
            Some(f64::from(present.connections)),
        )?;
        to.single(
            "tenantry_refreshes_due",
            "Connections whose renewal is due",
            None,
            Some(f64::from(present.due)),
        )?;
        to.single(
            "tenantry_refreshes_overdue",
            "Connections whose renewal has been due for more than ten minutes",
            None,
            Some(f64::from(present.overdue)),
        )?;
        let age = |at: OffsetDateTime| (self.now - at).as_seconds_f64().max(0.0);
        to.single(
            "tenantry_sample_age",
            "Time since the newest sample of the fleet",
            Some(&Unit::Seconds),
            present.sampled_at.map(age),
        )?;
        to.single(
            "tenantry_oldest_token_age",
            "Time since the valid token that was renewed longest ago was renewed",
            Some(&Unit::Seconds),
            present.oldest.as_ref().map(|oldest| age(oldest.at)),
        )?;
        to.gauge(
            "tenantry_open_incidents",
            "Incidents that are open, by kind",
            None,
            figures
                .incidents
                .iter()
                .map(|(kind, n)| ([("kind", kind.as_str())], number(*n))),
        )?;
        to.single(
            "tenantry_open_invitations",
            "Invitations that are open",
            None,
            Some(number(figures.open_invitations)),
        )?;
        to.counter(
            "tenantry_sign_ons",
            "Single sign-ons, and owners' emergency logins by password, by how they ended",
            figures.sign_ons.iter().map(|one| {
                let labels = [("way", one.way.as_str()), ("result", one.result.as_str())];
                (labels, whole(one.total))
            }),
        )
    }

    fn calls(&self, to: &mut Writer<'_>) -> fmt::Result {
        let figures = &self.figures;
        to.counter(
            "tenantry_entra_requests",
            "Requests to Microsoft by operation and how they ended",
            figures
                .calls
                .iter()
                .map(|call| (of_call(call), whole(call.calls))),
        )?;
        to.latency(
            "tenantry_entra_request_duration",
            "How long Microsoft took to answer, by operation and how it ended",
            &figures.calls,
        )?;
        to.counter(
            "tenantry_msal_errors",
            "Failure answers recorded, by cause",
            figures
                .errors
                .iter()
                .map(|(cause, n)| ([("cause", cause.as_str())], whole(*n))),
        )?;
        to.counter(
            "tenantry_csp_reports",
            "Things that browsers refused on our pages, by directive of the content policy",
            figures
                .csp_reports
                .iter()
                .map(|(directive, n)| ([("directive", directive.as_str())], whole(*n))),
        )
    }

    fn machines(&self, to: &mut Writer<'_>) -> fmt::Result {
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
            workers().filter_map(|run| {
                let age = (self.now - run.last_good_at?).as_seconds_f64();
                Some((worker(run), age.max(0.0)))
            }),
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

    fn audit_log(&self, to: &mut Writer<'_>) -> fmt::Result {
        to.single(
            "tenantry_audit_rows_waiting",
            "Rows of the audit log that wait for their seal, counted up to ten thousand",
            None,
            Some(number(self.chain.waiting)),
        )?;
        to.single(
            "tenantry_audit_checkpoint_age",
            "Time since the audit log's last signed checkpoint; absent before the first",
            Some(&Unit::Seconds),
            self.chain.checkpoint_age_s.map(|age| age.max(0.0)),
        )
    }

    fn database(&self, to: &mut Writer<'_>) -> fmt::Result {
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

fn worker(run: &operations::WorkerRun) -> Label<'_> {
    [("worker", run.name.as_str())]
}

fn of_call(call: &Calls) -> [(&'static str, &str); 2] {
    [
        ("operation", call.operation.as_str()),
        ("outcome", call.outcome.as_str()),
    ]
}

fn histogram(mut encoder: MetricEncoder<'_>, call: &Calls) -> fmt::Result {
    let bounds = CALL_BOUNDS_MS.into_iter().map(|ms| number_of(ms) / 1000.0);
    let bounds = bounds.chain([f64::MAX]);
    let counts = call.durations.iter().map(|count| whole(*count));
    let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
    encoder.encode_histogram::<NoLabelSet>(call.seconds, whole(call.calls), &buckets, None)
}

fn whole(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus knows floats alone")]
fn number(count: i64) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "bounds of a few seconds")]
fn number_of(ms: u64) -> f64 {
    ms as f64
}
