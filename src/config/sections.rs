//! The settings that come in groups: `database.*`, `entra.*`, `smtp.*`, `msp.*`, `login.*`, `invitations.*`, `log.*`.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

use super::error::Problem;
use super::network::Network;
use super::reader::{self, Reader};
use super::secret_file::SecretFile;

/// `database.*`. All empty: the private Postgres.
#[derive(Clone, Debug, Default)]
pub struct Database {
    pub web_url: Option<SecretString>,
    pub keeper_url: Option<SecretString>,
    pub migrate_url: Option<SecretString>,
    /// Direct, when the others go through `PgBouncer`.
    pub listen_url: Option<SecretString>,
    /// `portal_backup`'s; only `tenantry backup` reads it.
    pub backup_url: Option<SecretString>,
    /// Some address is set, so the private Postgres is not wanted.
    pub is_foreign: bool,
}

/// `entra.*`: which Microsoft cloud, and the app registration to begin with (the database is the truth afterwards).
#[derive(Clone, Debug)]
pub struct Entra {
    pub authority: Url,
    pub graph_url: Url,
    /// PEM certificates to trust besides the system's, for the simulator or a proxy that opens TLS.
    pub ca_file: Option<PathBuf>,
    /// Hosts to which the code page may send people.
    pub verification_hosts: Vec<String>,
    pub client_id: Option<Uuid>,
    pub client_secret_file: Option<SecretFile>,
    /// PEM: private key and certificate.
    pub certificate_file: Option<SecretFile>,
}

/// `smtp.*`: the server that takes invitations.
#[derive(Clone, Debug)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub username: Option<String>,
    pub password_file: Option<SecretFile>,
    /// An address, with or without a name: `Service desk <desk@msp.example>`.
    pub from: String,
    pub tls: SmtpTls,
}

/// `smtp.tls`: how the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// Begin in the clear and insist on STARTTLS (port 587).
    Starttls,
    /// TLS from the first byte (port 465).
    Implicit,
    /// None, for a server on this machine.
    None,
}

/// `msp.*`: who invites, as customers read it.
#[derive(Clone, Debug)]
pub struct Msp {
    pub name: String,
    /// The name in the commercial register; `name` unless set.
    pub legal_name: String,
    /// Where a customer reports a suspicious code or link: an address or a telephone number. Empty: not shown.
    pub report_to: String,
    /// Fixed addresses (or networks) from which our servers ask Microsoft, for customers' Conditional Access. Empty: not shown.
    pub egress_addresses: Vec<String>,
}

/// `invitations.*`: how careful a new invitation is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Invitations {
    /// Ask for a PIN unless the technician says otherwise.
    pub pin: bool,
    /// Every sign-in waits for a technician's confirmation, the expected administrator's too.
    pub hold: bool,
}

/// `login.*`: how technicians prove who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Owners and admins need a passkey, wherever browsers offer passkeys.
    pub passkey_for_admins: bool,
    /// One password a line, instead of the list that comes with the program.
    pub breached_passwords_file: Option<PathBuf>,
}

/// `retention.*`: how long records are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Whole months; none keeps them for ever.
    pub msal_errors_months: Option<u16>,
}

/// `audit.*`: the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Days for which rows are kept; whole months are dropped.
    pub keep_days: u16,
    /// Where signed checkpoints are appended, a line of JSON each; none: only to the log.
    pub checkpoint_file: Option<PathBuf>,
}

/// `log.*`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    pub format: LogFormat,
    /// As `tracing_subscriber::EnvFilter` reads it, e.g. `info,tenantry=debug`.
    pub filter: String,
}

/// `log.format`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    Json,
    /// For people.
    Text,
}

impl Database {
    pub(super) fn read(from: &mut Reader) -> Self {
        let [web_url, keeper_url, migrate_url, listen_url, backup_url] = [
            "database.web_url",
            "database.keeper_url",
            "database.migrate_url",
            "database.listen_url",
            "database.backup_url",
        ]
        .map(|name| from.database_url(name));
        Self {
            is_foreign: [
                &web_url,
                &keeper_url,
                &migrate_url,
                &listen_url,
                &backup_url,
            ]
            .iter()
            .any(|url| url.is_some()),
            web_url,
            keeper_url,
            migrate_url,
            listen_url,
            backup_url,
        }
    }

    /// Each process needs the address of its own role alone; who needs one that is not set says so.
    pub fn missing(name: &'static str) -> Problem {
        Problem::Missing {
            name,
            expected: "an address too, because another database address is set",
        }
    }
}

impl Entra {
    pub(super) fn read(from: &mut Reader) -> Self {
        Self {
            authority: from
                .parse("entra.authority", reader::SAFE_URL, reader::safe_url)
                .unwrap_or_else(|| literal("https://login.microsoftonline.com")),
            graph_url: from
                .parse("entra.graph_url", reader::SAFE_URL, reader::safe_url)
                .unwrap_or_else(|| literal("https://graph.microsoft.com")),
            ca_file: from.path("entra.ca_file"),
            verification_hosts: from
                .list("entra.verification_hosts", "host names", reader::host)
                .unwrap_or_else(|| {
                    [
                        "microsoft.com",
                        "www.microsoft.com",
                        "login.microsoft.com",
                        "login.microsoftonline.com",
                    ]
                    .map(String::from)
                    .to_vec()
                }),
            client_id: from.parse(
                "entra.client_id",
                "the application (client) id, a GUID",
                |text| Uuid::try_parse(text).ok(),
            ),
            client_secret_file: from.secret_file("entra.client_secret_file"),
            certificate_file: from.secret_file("entra.certificate_file"),
        }
    }
}

impl Smtp {
    pub(super) fn read(from: &mut Reader) -> Option<Self> {
        let host = from.parse("smtp.host", "a host name", reader::host);
        let tls = from.parse(
            "smtp.tls",
            "starttls, implicit or none",
            |text| match text {
                "starttls" => Some(SmtpTls::Starttls),
                "implicit" => Some(SmtpTls::Implicit),
                "none" => Some(SmtpTls::None),
                _ => None,
            },
        );
        let tls = tls.unwrap_or(SmtpTls::Starttls);
        let port = from.parse("smtp.port", "a port number from 1 to 65535", |text| {
            text.parse().ok().filter(|port| *port != 0)
        });
        let sender = from.parse("smtp.from", "an address such as desk@msp.example", |text| {
            let address: lettre::message::Mailbox = text.parse().ok()?;
            Some(address.to_string())
        });
        let username = from.text("smtp.username");
        let password_file = from.secret_file("smtp.password_file");
        let host = host?;
        if sender.is_none() {
            from.missing(
                "smtp.from",
                "the address that mail comes from, because smtp.host is set",
            );
        }
        Some(Self {
            host,
            port: port.unwrap_or(match tls {
                SmtpTls::Starttls => 587,
                SmtpTls::Implicit => 465,
                SmtpTls::None => 25,
            }),
            username,
            password_file,
            from: sender.unwrap_or_default(),
            tls,
        })
    }
}

impl Msp {
    pub(super) fn read(from: &mut Reader) -> Self {
        let name = from.text("msp.name").unwrap_or_default();
        Self {
            legal_name: from.text("msp.legal_name").unwrap_or_else(|| name.clone()),
            report_to: from.text("msp.report_to").unwrap_or_default(),
            egress_addresses: from
                .list(
                    "msp.egress_addresses",
                    "addresses or networks, e.g. 192.0.2.1, 2001:db8::/64",
                    // As written: `Network` is for matching.
                    |text| text.parse().ok().map(|_: Network| text.to_owned()),
                )
                .unwrap_or_default(),
            name,
        }
    }
}

impl Invitations {
    pub(super) fn read(from: &mut Reader) -> Self {
        let mut yes = |name| {
            let yes_or_no = |text: &str| text.parse().ok();
            from.parse(name, "true or false", yes_or_no)
                .unwrap_or(false)
        };
        Self {
            pin: yes("invitations.pin"),
            hold: yes("invitations.hold"),
        }
    }
}

impl Login {
    pub(super) fn read(from: &mut Reader) -> Self {
        let passkey = from.parse("login.passkey_for_admins", "true or false", |text| {
            text.parse().ok()
        });
        Self {
            passkey_for_admins: passkey.unwrap_or(true),
            breached_passwords_file: from.path("login.breached_passwords_file"),
        }
    }
}

impl Retention {
    /// Two years unless set; `forever` keeps everything.
    pub(super) fn read(from: &mut Reader) -> Self {
        let months = from.parse(
            "retention.msal_errors_months",
            "a number of months from 1 to 120, or forever",
            |text| match text {
                "forever" => Some(None),
                _ => text
                    .parse()
                    .ok()
                    .filter(|months| (1..=120).contains(months))
                    .map(Some),
            },
        );
        Self {
            msal_errors_months: months.unwrap_or(Some(24)),
        }
    }
}

impl Audit {
    /// Four hundred days unless set; a quarter of a year at least.
    pub(super) fn read(from: &mut Reader) -> Self {
        let days = from.parse(
            "audit.keep_days",
            "a number of days from 90 to 3660",
            |text| text.parse().ok().filter(|days| (90..=3660).contains(days)),
        );
        Self {
            keep_days: days.unwrap_or(400),
            checkpoint_file: from.path("audit.checkpoint_file"),
        }
    }
}

impl Log {
    pub(super) fn read(from: &mut Reader) -> Self {
        let default = Self::default();
        Self {
            format: from
                .parse("log.format", "json or text", |text| match text {
                    "json" => Some(LogFormat::Json),
                    "text" => Some(LogFormat::Text),
                    _ => None,
                })
                .unwrap_or(default.format),
            filter: from
                .parse("log.filter", "levels such as info,tenantry=debug", |text| {
                    tracing_subscriber::EnvFilter::try_new(text).ok()?;
                    Some(text.to_owned())
                })
                .unwrap_or(default.filter),
        }
    }
}

impl Default for Log {
    /// For people when someone is watching, else for machines.
    fn default() -> Self {
        let watched = std::io::IsTerminal::is_terminal(&std::io::stderr());
        Self {
            format: if watched {
                LogFormat::Text
            } else {
                LogFormat::Json
            },
            filter: "info".into(),
        }
    }
}

/// An address written in this source.
pub(super) fn literal(url: &str) -> Url {
    url.parse().expect("written here, and a test reads it")
}
