//! The demo's keeper: a process of its own as in production, with the simulated Microsoft and the movable clock.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use url::Url;

use super::{Remembered, world};
use crate::clock::Clock;
use crate::config::Config;
use crate::keeper::{Client, create_key_file};
use crate::process::{Lead, Setup};
use crate::simulator::Simulator;

/// Pause between two looks at the clock; questions carry its changes at once.
const LOOK: Duration = Duration::from_millis(100);

/// What to tell the keeper, at its first start and at each later one.
pub fn setup(
    config: &Config,
    remembered: &Remembered,
    simulator: &Simulator,
    base_url: &Url,
    clock: &Clock,
) -> anyhow::Result<impl Fn() -> Setup + Send + use<>> {
    let key_file = config.master_key_file.path();
    if !key_file.exists() {
        create_key_file(key_file)?;
    }
    let settings: BTreeMap<String, String> = [
        ("data_dir", text(&config.data_dir)?),
        ("base_url", base_url.as_str()),
        // The keeper's use of it is the app registration's name.
        ("msp.name", world::APP_NAME),
        ("log.filter", config.log.filter.as_str()),
        ("entra.client_id", &remembered.client_id.to_string()),
        (
            "entra.client_secret_file",
            text(&remembered.write_credential()?)?,
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let (microsoft, ca_file) = (simulator.url().clone(), simulator.ca_file());
    let ca_file = ca_file.map(Path::to_owned);
    let clock = clock.clone();
    Ok(move || Setup::Demo {
        settings: settings.clone(),
        lead: Lead {
            clock_offset_ms: clock.offset_ms(),
            microsoft: microsoft.clone(),
            ca_file: ca_file.clone(),
        },
    })
}

fn text(path: &Path) -> anyhow::Result<&str> {
    path.to_str()
        .context("the data directory's name is not UTF-8; name another with --data-dir")
}

/// Tell the keeper when the control page moved the clock and nobody asks anything.
pub async fn pass_time_on(client: Client) {
    loop {
        tokio::time::sleep(LOOK).await;
        // A keeper that is away hears it when it is back.
        let _ = client.tell_the_time().await;
    }
}
