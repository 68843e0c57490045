//! How a family of numbers is written in the text format of Prometheus, and how counts become its numbers.

use std::fmt;

use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use crate::domain::operations::Calls;
use crate::keeper::CALL_BOUNDS_MS;

/// Where one family goes: its name and help are written, its numbers follow.
pub(super) struct Writer<'a>(pub(super) DescriptorEncoder<'a>);

impl Writer<'_> {
    /// Numbers that go up and down.
    pub fn gauge<L: EncodeLabelSet>(
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
    pub fn single(
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
    pub fn counter<L: EncodeLabelSet>(
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

    pub fn latency(&mut self, name: &str, help: &str, calls: &[Calls]) -> fmt::Result {
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

fn histogram(mut encoder: MetricEncoder<'_>, call: &Calls) -> fmt::Result {
    let bounds = CALL_BOUNDS_MS.into_iter().map(|ms| number_of(ms) / 1000.0);
    let bounds = bounds.chain([f64::MAX]);
    let counts = call.durations.iter().map(|count| whole(*count));
    let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
    encoder.encode_histogram::<NoLabelSet>(call.seconds, whole(call.calls), &buckets, None)
}

/// The labels of calls to Microsoft.
pub(super) fn of_call(call: &Calls) -> [(&'static str, &str); 2] {
    [
        ("operation", call.operation.as_str()),
        ("outcome", call.outcome.as_str()),
    ]
}

/// A count, which is never negative.
pub(super) fn whole(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus knows floats alone")]
pub(super) fn number(count: i64) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "bounds of a few seconds")]
fn number_of(ms: u64) -> f64 {
    ms as f64
}
