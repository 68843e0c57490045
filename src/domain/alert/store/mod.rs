//! SQL of alerts: rules, channels, events, alerts, deliveries.

pub mod alerts;
pub mod channels;
pub mod deliveries;
pub mod events;
pub mod rules;
pub mod scans;
pub mod totals;
