//! `/metrics` for Prometheus: the figures of the whole installation, read from the database, where the keepers put theirs. Any
//! replica gives them all; scraping several gives the same numbers several times. No tenant is named.

mod fleet;
mod machines;
mod writer;

use std::fmt;

use axum::extract;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::registry::{Registry, Unit};
use time::OffsetDateTime;

use self::writer::{Writer, number};
use super::State;
use crate::domain::alert;
use crate::domain::audit::{self, Chain};
use crate::domain::op::{Actor, Op};
use crate::domain::operations::{self, Figures};

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
    /// Seconds since then; a clock that was turned back makes none negative.
    fn age(&self, at: OffsetDateTime) -> f64 {
        (self.now - at).as_seconds_f64().max(0.0)
    }

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
        let kind = |one: &alert::Traffic| [("kind", one.kind.as_str())];
        to.gauge(
            "tenantry_alert_last_delivery_age",
            "Time since a channel of the kind last took a message; absent before the first",
            Some(&Unit::Seconds),
            sums.traffic
                .iter()
                .filter_map(|one| Some((kind(one), self.age(one.last_ok_at?)))),
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
            sums.oldest_pending.map(|at| self.age(at)),
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
}
