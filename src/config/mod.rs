//! Every setting: its name, what it expects, its default. Read once at start from `tenantry.toml` and `TENANTRY_*`
//! variables; a wrong or unknown one stops the start. Secrets are not settings: a setting names the file that holds one.

mod error;
mod limits;
mod network;
mod reader;
mod secret_file;
mod sections;
mod sources;
mod sso;
mod tls;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use url::Url;

pub use error::{ConfigError, Problem};
pub use limits::{KeyLimits, Limits};
pub use network::Network;
pub use secret_file::{SecretFile, SecretFileError};
pub use sections::{
    Audit, Database, Entra, Invitations, Log, LogFormat, Login, Msp, Retention, Smtp, SmtpTls,
};
pub use sso::{Sso, WithoutAmr};
pub use tls::Tls;

use reader::Reader;
use sections::literal;
use sources::Sources;

/// All settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// `base_url`: where people reach the portal; links in mail and OAuth redirects begin with it. No path.
    pub base_url: Url,
    /// `listen`: the portal.
    pub listen: SocketAddr,
    /// `ops_listen`: health and metrics, for machines only.
    pub ops_listen: SocketAddr,
    /// `data_dir`: the private Postgres, the default master key, the lock against a second portal.
    pub data_dir: PathBuf,
    /// `master_key_file`: seals everything; `master.key` in the data directory unless named.
    pub master_key_file: SecretFile,
    /// `keeper_socket`: where the portal asks the keeper; `keeper.sock` in the data directory unless named.
    pub keeper_socket: PathBuf,
    /// `keeper_clients`: numbers of the system users that may ask the keeper besides root and the keeper's own.
    pub keeper_clients: Vec<u32>,
    /// `master_key_command`: a program that prints the master keys, instead of the file.
    pub master_key_command: Option<Vec<String>>,
    pub database: Database,
    pub entra: Entra,
    /// `smtp.*`; `None` without `smtp.host`: invitations are links to copy.
    pub smtp: Option<Smtp>,
    /// `sso.*`; `None` without `sso.issuer`: everybody has a password.
    pub sso: Option<Sso>,
    /// `trusted_proxies`: whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// `tls.*`; `None`: TLS is a proxy's, or nobody's on this machine alone.
    pub tls: Option<Tls>,
    pub msp: Msp,
    pub invitations: Invitations,
    /// `visits.minutes`: how long a technician may stay in a Customer portal before entering again.
    pub visit: time::Duration,
    pub limits: Limits,
    pub login: Login,
    pub retention: Retention,
    /// `backup.revocation_log`: where every revocation is written outside the database; `revocations.jsonl` in the data
    /// directory unless named.
    pub revocation_log: PathBuf,
    pub audit: Audit,
    pub log: Log,
}

impl Config {
    /// Read the settings: from `file`, or if that is `None` from `tenantry.toml` here or in `/etc/tenantry` when there
    /// is one; then from the environment, which wins.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(Sources::system(file)?.merge()?);
        let config = Self::read(&mut reader);
        reader.finish(config)
    }

    /// The same with the `TENANTRY_*` variables of another process: the one that started this keeper.
    pub fn load_for(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(Sources::of(file, variables)?.merge()?);
        let config = Self::read(&mut reader);
        reader.finish(config)
    }

    /// Settings by name, without file and environment: for the demo, which configures itself, and for tests.
    ///
    /// ```
    /// # use tenantry::config::Config;
    /// let config = Config::from_pairs([("listen", "127.0.0.1:0"), ("msp.name", "Nordwind IT")])?;
    /// # Ok::<(), tenantry::config::ConfigError>(())
    /// ```
    pub fn from_pairs<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(Sources::pairs(pairs).merge()?);
        let config = Self::read(&mut reader);
        reader.finish(config)
    }

    /// Settings from the text of a file, for fuzzing.
    #[cfg(feature = "faults")]
    pub fn from_text(text: &str) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(Sources::text(text).merge()?);
        let config = Self::read(&mut reader);
        reader.finish(config)
    }

    /// Whether the private Postgres is used.
    pub fn uses_private_postgres(&self) -> bool {
        !self.database.is_foreign
    }

    /// What the portal needs besides and nothing can guess; the demo and the tools do without.
    pub fn check_for_portal(&self) -> Result<(), ConfigError> {
        let mut problems = Vec::new();
        if self.msp.name.is_empty() {
            problems.push(Problem::Missing {
                name: "msp.name",
                expected: "the name under which your customers know you",
            });
        }
        if !self.uses_private_postgres() && self.database.web_url.is_none() {
            problems.push(Database::missing("database.web_url"));
        }
        problems.extend(self.in_the_clear());
        ConfigError::unless_empty(problems)
    }

    /// Passwords and cookies would cross a network unencrypted: by a portal that listens to other machines with neither TLS of
    /// its own nor a proxy that does it, or at an address people reach by plain http.
    fn in_the_clear(&self) -> impl Iterator<Item = Problem> {
        let is_protected = self.tls.is_some() || !self.trusted_proxies.is_empty();
        let listens =
            (!self.listen.ip().is_loopback() && !is_protected).then_some(Problem::Reachable {
                listen: self.listen,
            });
        let is_https = self.base_url.scheme() == "https";
        let is_clear =
            !is_https && (self.tls.is_some() || !reader::is_this_machine(&self.base_url));
        let address = is_clear.then(|| Problem::Clear {
            base_url: self.base_url.clone(),
        });
        listens.into_iter().chain(address)
    }

    /// What the keeper needs besides.
    pub fn check_for_keeper(&self) -> Result<(), ConfigError> {
        let mut problems = Vec::new();
        if self.entra.client_id.is_some()
            && self.entra.client_secret_file.is_none()
            && self.entra.certificate_file.is_none()
        {
            problems.push(Problem::Missing {
                name: "entra.client_secret_file",
                expected: "the file with the client's secret, or entra.certificate_file",
            });
        }
        if !self.uses_private_postgres() && self.database.keeper_url.is_none() {
            problems.push(Database::missing("database.keeper_url"));
        }
        ConfigError::unless_empty(problems)
    }

    /// What `serve` needs, which runs both.
    pub fn check_for_serving(&self) -> Result<(), ConfigError> {
        let checks = [self.check_for_portal(), self.check_for_keeper()];
        let problems = checks.into_iter().filter_map(Result::err);
        ConfigError::unless_empty(problems.flat_map(ConfigError::into_problems).collect())
    }

    /// Forget what only the keeper may know: the portal's process holds no login of the keeper's.
    #[must_use]
    pub fn without_keepers_login(mut self) -> Self {
        self.database.keeper_url = None;
        self.database.backup_url = None;
        self
    }

    fn read(from: &mut Reader) -> Self {
        let data_dir = from.path("data_dir").unwrap_or_else(default_data_dir);
        Self {
            base_url: from
                .parse("base_url", reader::ORIGIN, reader::origin)
                .unwrap_or_else(|| literal("http://localhost:8080")),
            listen: from.address("listen", 8080),
            ops_listen: from.address("ops_listen", 8081),
            master_key_file: from
                .secret_file("master_key_file")
                .unwrap_or_else(|| SecretFile::new("master_key_file", data_dir.join("master.key"))),
            keeper_socket: from
                .path("keeper_socket")
                .unwrap_or_else(|| data_dir.join("keeper.sock")),
            keeper_clients: from
                .list(
                    "keeper_clients",
                    "numbers of system users (`id -u NAME`)",
                    |text| text.parse().ok(),
                )
                .unwrap_or_default(),
            master_key_command: master_key_command(from),
            revocation_log: from
                .path("backup.revocation_log")
                .unwrap_or_else(|| data_dir.join("revocations.jsonl")),
            data_dir,
            database: Database::read(from),
            entra: Entra::read(from),
            smtp: Smtp::read(from),
            sso: Sso::read(from),
            trusted_proxies: from
                .list(
                    "trusted_proxies",
                    "addresses or networks, e.g. 10.0.0.0/8",
                    |text| text.parse().ok(),
                )
                .unwrap_or_default(),
            tls: Tls::read(from),
            msp: Msp::read(from),
            invitations: Invitations::read(from),
            visit: visit(from),
            limits: Limits::read(from),
            login: Login::read(from),
            retention: Retention::read(from),
            audit: Audit::read(from),
            log: Log::read(from),
        }
    }
}

/// An hour unless set.
fn visit(from: &mut Reader) -> time::Duration {
    let minutes: Option<u16> = from.parse(
        "visits.minutes",
        "a number of minutes from 5 to 480",
        |text| {
            text.parse()
                .ok()
                .filter(|minutes| (5..=480).contains(minutes))
        },
    );
    time::Duration::minutes(minutes.unwrap_or(60).into())
}

fn master_key_command(from: &mut Reader) -> Option<Vec<String>> {
    let command = from.command("master_key_command")?;
    if from.is_given("master_key_file") {
        from.both("master_key_file", "master_key_command");
    }
    Some(command)
}

/// `/var/lib/tenantry` for root, else the user's own data directory (XDG Base Directory Specification).
pub fn default_data_dir() -> PathBuf {
    if rustix::process::geteuid().is_root() {
        return "/var/lib/tenantry".into();
    }
    let base = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/share")));
    base.unwrap_or_default().join("tenantry")
}
