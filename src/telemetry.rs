//! The log: its format, its filter, where it goes (standard error). What is written to it is decided where it happens.

use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::Subscriber;

use crate::config::{Log, LogFormat};

/// Less noise from Postgres than sqlx passes on by default: its notices count as warnings at most.
const QUIET: &str = "sqlx::postgres::notice=warn";

/// Begin to log. Called once, by the program; a second call changes nothing.
pub fn init(log: &Log) {
    let filter = EnvFilter::try_new(format!("{QUIET},{}", log.filter))
        // The filter was tried when the settings were read.
        .unwrap_or_else(|_| EnvFilter::new(QUIET));
    let builder = Subscriber::builder()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    let begun = match log.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.compact().try_init(),
    };
    if let Err(error) = begun {
        tracing::debug!(error, "logging had begun already");
    }
}
