//! Everything on one machine with nothing to configure: private Postgres, Entra simulator, keeper, portal, a post room that takes
//! mails and webhooks, and sample tenants in every state. Assembles what the other rooms offer; decides nothing of its own.

mod customer;
mod furnish;
mod keeper;
mod own_app;
mod post;
mod remembered;
mod second_factor;
mod seed;
mod timeline;
mod tour;
mod world;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context, bail};
use url::Url;

use crate::clock::Clock;
use crate::config::Config;
use crate::domain::op::{Actor, Op};
use crate::domain::technician::{self, LoginName, NewTechnician, Password, Role};
use crate::keeper::Client;
use crate::keeper::socket::wait_until_free;
use crate::process::{Supervisor, TAKEOVER};
use crate::server::{Listeners, Parts, Server};
use crate::simulator::{self, Mode, Simulator};
use crate::storage::{InstanceLock, Storage};
use post::{Hooks, PostRoom};
use remembered::Remembered;

/// Where health is asked unless somebody else is there.
const USUAL_OPS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8081);

/// How to run the demo.
#[derive(Clone, Debug)]
pub struct Options {
    pub listen: SocketAddr,
    /// Where health is asked; the usual port when it is free, else any, unless given.
    pub ops_listen: Option<SocketAddr>,
    pub simulator_listen: SocketAddr,
    /// Where mails and webhooks are shown; the usual port when it is free, else any, unless given.
    pub post_listen: Option<SocketAddr>,
    pub data_dir: PathBuf,
    /// How many sample tenants to plant on the first start.
    pub tenants: usize,
    /// Forget what an earlier demo left in `data_dir`.
    pub fresh: bool,
    /// The simulator speaks https, with a CA of its own.
    pub tls: bool,
    /// Print one JSON object instead of the tour.
    pub json: bool,
    /// Where other machines reach the portal; `http://localhost:PORT` unless given.
    pub base_url: Option<Url>,
}

/// Start everything, print what to open, and run until asked to stop.
pub async fn run(options: Options) -> anyhow::Result<()> {
    prepare_dir(&options)?;
    let _lock = InstanceLock::take(&options.data_dir)?;
    let clock = Clock::system();
    let post = PostRoom::open(options.post_listen, clock.clone()).await?;
    let config = config(&options, post.smtp_port())?;
    if options.fresh {
        // A demo that was killed leaves its keeper a moment longer.
        wait_until_free(&config.keeper_socket, TAKEOVER).await?;
        remembered::forget(&options.data_dir)?;
    }
    let listeners = bind(&options, config.clone()).await?;
    let (portal, ops) = (listeners.portal()?, listeners.ops()?);
    let base_url = match &options.base_url {
        Some(url) => url.clone(),
        None => Url::parse(&format!("http://localhost:{}", portal.port()))?,
    };
    let simulator = start_simulator(&options, &clock).await?;
    let mut remembered = Remembered::load_or_make(&options.data_dir)?;
    remembered.register_app(simulator.directory(), &base_url);
    let ca_dir = options.data_dir.join(remembered::POST_CA);
    let hooks = post.take_hooks(&ca_dir, remembered.hooks_port).await?;
    remembered.hooks_port = Some(hooks.port());
    remembered.save()?;
    let storage = Storage::open(&config).await?;
    let client = Client::socket(config.keeper_socket.clone()).following(clock.clone());
    let setup = keeper::setup(&config, &remembered, &simulator, &base_url, &clock)?;
    let keeper = Supervisor::start(setup, client.clone()).await?;
    let time = tokio::spawn(keeper::pass_time_on(client.clone()));
    let parts = Parts {
        config: &config,
        base_url: base_url.clone(),
        app_name: world::APP_NAME,
        web_url: storage.web_url()?,
        listen_url: storage.listen_url()?,
        clock,
        keeper: client,
        guard: hooks.guard(),
    };
    let mut server = Server::start(parts, listeners)?;
    plant_once(&options, &server, &simulator, &remembered, &hooks)
        .await
        .context("the sample tenants could not be planted")?;
    second_factor::preset(server.app(), &mut remembered)
        .await
        .context("the demo's second factor could not be set up")?;
    // Not before: the days of the samples pass in a moment, and what goes by the clock on the wall would sum up empty days.
    server.start_workers();
    tour::print(
        &options,
        &tour::Addresses {
            portal: base_url,
            ops,
            simulator: &simulator,
            post: post.page(),
        },
        &remembered,
    );
    crate::server::asked_to_stop().await;
    time.abort();
    server.shutdown(Some(keeper)).await;
    simulator.shutdown().await;
    storage.close().await;
    Ok(())
}

/// The listeners; where the health page's usual port is taken, for instance by another demo, any other will do.
async fn bind(options: &Options, mut config: Config) -> anyhow::Result<Listeners> {
    let usual = config.ops_listen;
    let taken = || std::net::TcpListener::bind(usual).is_err();
    if options.ops_listen.is_none() && taken() {
        config.ops_listen.set_port(0);
    }
    Listeners::bind(&config).await
}

fn prepare_dir(options: &Options) -> anyhow::Result<()> {
    std::fs::create_dir_all(&options.data_dir).with_context(|| {
        format!(
            "{} cannot be made; name another place with --data-dir",
            options.data_dir.display()
        )
    })
}

fn config(options: &Options, smtp_port: u16) -> anyhow::Result<Config> {
    let listen = options.listen.to_string();
    let ops = options.ops_listen.unwrap_or(USUAL_OPS).to_string();
    let Some(data_dir) = options.data_dir.to_str() else {
        bail!("the data directory's name is not UTF-8; name another with --data-dir");
    };
    // The two settings of the environment's: tests and scanners want to read what everyday use does not, and come by a proxy.
    let filter = std::env::var("TENANTRY_LOG__FILTER").unwrap_or_else(|_| "warn".to_owned());
    let proxies = std::env::var("TENANTRY_TRUSTED_PROXIES").unwrap_or_default();
    let smtp_port = smtp_port.to_string();
    let mut pairs = vec![
        ("listen", listen.as_str()),
        ("ops_listen", ops.as_str()),
        ("data_dir", data_dir),
        ("msp.name", world::MSP),
        ("msp.legal_name", world::MSP_LEGAL),
        ("msp.report_to", world::REPORT_TO),
        ("smtp.host", "127.0.0.1"),
        ("smtp.port", smtp_port.as_str()),
        ("smtp.tls", "none"),
        ("smtp.from", world::MAIL_FROM),
        // A visitor of the demo has an authenticator app, preset and printed.
        ("login.passkey_for_admins", "false"),
        ("log.filter", filter.as_str()),
    ];
    if !proxies.is_empty() {
        pairs.push(("trusted_proxies", proxies.as_str()));
    }
    let config = Config::from_pairs(pairs)?;
    crate::telemetry::init(&config.log);
    Ok(config)
}

async fn start_simulator(options: &Options, clock: &Clock) -> anyhow::Result<Simulator> {
    simulator::start(simulator::Options {
        listen: options.simulator_listen,
        tls: options.tls,
        ca_dir: options.data_dir.join("simulator-ca"),
        mode: Mode::Entra,
        seed: 1,
        clock: clock.clone(),
        public_url: None,
        state_file: Some(options.data_dir.join("simulator.json")),
    })
    .await
    .context("the simulated Microsoft did not start")
}

/// On the first start: the technician and the sample tenants with their history.
async fn plant_once(
    options: &Options,
    server: &Server,
    simulator: &Simulator,
    remembered: &Remembered,
    hooks: &Hooks,
) -> anyhow::Result<()> {
    if remembered.is_planted() {
        return Ok(());
    }
    let app = server.app();
    let (email, name) = world::TECHNICIAN;
    let hash = technician::hash(Password::parse(
        remembered.password.clone().into(),
        &[],
        &app.login.breached,
    )?)
    .await?;
    let mut op = Op::begin(&app.pool, &app.clock, Actor::Command("demo")).await?;
    let new = NewTechnician {
        email: LoginName::parse(email)?,
        display_name: name.to_owned(),
        role: Role::Owner,
    };
    let technician = technician::create_with_password(&mut op, &new, &hash).await?;
    op.commit().await?;
    let desk = seed::Desk {
        technician: &technician,
        hooks_url: &hooks.url(),
    };
    let (directory, client_id) = (simulator.directory(), remembered.client_id);
    seed::plant(app, directory, client_id, options.tenants, &desk).await?;
    let key = furnish::key(app, &technician).await?;
    remembered.write_key(&key)?;
    remembered.mark_planted()
}
