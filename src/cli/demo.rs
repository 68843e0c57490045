//! `tenantry demo`: the whole product on one machine.

use std::net::SocketAddr;
use std::path::PathBuf;

use url::Url;

use super::Global;
use crate::config::default_data_dir;
use crate::demo;

/// What the demo takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the portal listens; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where health is asked [default: 127.0.0.1:8081, or a free port when that is taken]
    #[arg(long)]
    ops_listen: Option<SocketAddr>,
    /// Where the simulated Microsoft listens
    #[arg(long, default_value = "127.0.0.1:8400")]
    simulator_listen: SocketAddr,
    /// Where mails and webhooks are shown [default: 127.0.0.1:8401, or a free port when that is taken]
    #[arg(long)]
    post_listen: Option<SocketAddr>,
    /// Where everything is kept [default: /var/lib/tenantry-demo as root, else ~/.local/share/tenantry-demo]
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// How many sample tenants to plant on the first start
    #[arg(long, default_value_t = 41, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    tenants: u16,
    /// Forget what an earlier demo left
    #[arg(long)]
    fresh: bool,
    /// Let the simulated Microsoft speak https with a CA of its own
    #[arg(long)]
    tls: bool,
    /// Print one JSON object as the first line
    #[arg(long)]
    json: bool,
    /// Where other machines reach the portal
    #[arg(long)]
    base_url: Option<Url>,
}

impl Args {
    pub async fn run(self, _global: &Global) -> anyhow::Result<()> {
        let data_dir = self
            .data_dir
            .unwrap_or_else(|| default_data_dir().with_file_name("tenantry-demo"));
        demo::run(demo::Options {
            listen: self.listen,
            ops_listen: self.ops_listen,
            simulator_listen: self.simulator_listen,
            post_listen: self.post_listen,
            data_dir: std::path::absolute(data_dir)?,
            tenants: usize::from(self.tenants),
            fresh: self.fresh,
            tls: self.tls,
            json: self.json,
            base_url: self.base_url,
        })
        .await
    }
}
