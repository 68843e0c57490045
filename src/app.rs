//! Everything built once at start and shared by every request and worker of the portal.

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::{Semaphore, broadcast};
use url::Url;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::{self, Limits, Network};
use crate::domain::alert::{Courier, Voice};
use crate::domain::api_key::SeenKeys;
use crate::domain::connection::StatusNews;
use crate::domain::customer_mail::Sender;
use crate::domain::op::Actor;
use crate::domain::sign_on::Sso;
use crate::domain::technician::{Breached, ListError};
use crate::keeper;
use crate::mail::Mailer;
use crate::outbound::guard::Guard;

/// The portal's shared parts. Every layer of every request holds one, so it is one pointer.
#[derive(Clone, Debug)]
pub struct App(Arc<Inner>);

impl From<Inner> for App {
    fn from(parts: Inner) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// Before it is shared it can be changed; afterwards this is another one.
impl DerefMut for App {
    fn deref_mut(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.0)
    }
}

/// What [`App`] points to.
#[derive(Clone, Debug)]
pub struct Inner {
    pub pool: PgPool,
    pub clock: Clock,
    pub keeper: keeper::Client,
    pub site: Arc<Site>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Arc<[Network]>,
    /// Sends invitations; none when `smtp.host` is not set, and links are copied instead.
    pub mailer: Option<Mailer>,
    /// By what rules addresses that people typed are called.
    pub guard: Guard,
    /// Single sign-on of technicians; none when `sso.issuer` is not set.
    pub sso: Option<Arc<Sso>>,
    /// How long a technician's visit to a Customer portal may last.
    pub visit: time::Duration,
    /// How much this process bears.
    pub limits: Limits,
    /// How technicians prove who they are.
    pub login: Arc<Login>,
    /// Whole months for which MSAL errors are kept; none: for ever.
    pub keep_errors_months: Option<u16>,
    /// Where revocations are written outside the database; none in tests that do not look at it.
    pub revocation_log: Option<PathBuf>,
    /// Ids of onboarding flows whose row changed; fed by one Postgres listener, heard by every waiting page.
    pub flow_changes: broadcast::Sender<Uuid>,
    /// What changed on the Authentication Status; fed by the same listener, heard by every open page.
    pub status_news: broadcast::Sender<Arc<StatusNews>>,
    /// API keys that were seen at work here.
    pub keys: SeenKeys,
    /// Hand-outs in work: `limits.hand_outs_waiting`.
    pub hand_outs: Arc<Semaphore>,
}

impl App {
    /// What sends mails to customers.
    pub fn sender(&self) -> Sender {
        Sender {
            pool: self.pool.clone(),
            clock: self.clock.clone(),
            keeper: self.keeper.clone(),
            mailer: self.mailer.clone(),
            base_url: self.site.base_url.clone(),
            msp_name: self.site.msp_name.clone(),
            report_to: self.site.report_to.clone(),
            app_name: self.site.app_name.clone(),
            actor: Actor::Worker("customer mails"),
            request_id: String::new(),
        }
    }
}

#[cfg(any(test, feature = "faults"))]
impl App {
    /// For tests and benchmarks: as a fresh installation has it, without anything outside of this machine. Whoever needs
    /// something else changes it.
    pub fn rehearsal(pool: PgPool, clock: Clock, keeper: keeper::Client, base_url: Url) -> Self {
        // The list of passwords is long, and the same for every test.
        static LOGIN: std::sync::LazyLock<Arc<Login>> = std::sync::LazyLock::new(|| {
            Arc::new(Login {
                passkey_for_admins: false,
                breached: Breached::bundled(),
            })
        });
        let limits = Limits::default();
        Self::from(Inner {
            pool,
            clock,
            keeper,
            site: Arc::new(Site {
                base_url,
                msp_name: "Harbourline IT".into(),
                msp_legal_name: "Harbourline IT Services Ltd".into(),
                report_to: String::new(),
                app_name: "Tenantry (tests)".into(),
                ask_pin: false,
                egress_addresses: Vec::new(),
                cloud: keeper::Cloud::Global,
            }),
            trusted_proxies: Arc::new([]),
            mailer: None,
            guard: Guard::default(),
            sso: None,
            visit: time::Duration::hours(1),
            limits,
            login: Arc::clone(&LOGIN),
            keep_errors_months: None,
            revocation_log: None,
            flow_changes: broadcast::channel(64).0,
            status_news: broadcast::channel(64).0,
            keys: SeenKeys::default(),
            hand_outs: Arc::new(Semaphore::new(limits.hand_outs_waiting)),
        })
    }
}

/// The rules of the login.
#[derive(Clone, Debug)]
pub struct Login {
    /// Owners and admins need a passkey, wherever browsers offer passkeys.
    pub passkey_for_admins: bool,
    /// Passwords that nobody may take.
    pub breached: Breached,
}

impl App {
    /// What it takes to deliver alerts.
    pub fn courier(&self) -> Courier {
        Courier {
            pool: self.pool.clone(),
            clock: self.clock.clone(),
            keeper: self.keeper.clone(),
            mailer: self.mailer.clone(),
            guard: self.guard.clone(),
            base_url: self.site.base_url.clone(),
            msp_name: self.site.msp_name.clone(),
        }
    }

    /// By what alerts are written.
    pub fn voice(&self) -> Voice {
        Voice {
            base_url: self.site.base_url.clone(),
            has_mail: self.mailer.is_some(),
        }
    }
}

impl Login {
    /// As the settings say.
    pub fn new(settings: &config::Login) -> Result<Self, ListError> {
        let breached = match &settings.breached_passwords_file {
            Some(path) => Breached::read(path)?,
            None => Breached::bundled(),
        };
        Ok(Self {
            passkey_for_admins: settings.passkey_for_admins,
            breached,
        })
    }
}

/// How this installation presents itself.
#[derive(Clone, Debug)]
pub struct Site {
    /// Where people reach the portal; every mailed link and redirect is built from it, never from `Host`.
    pub base_url: Url,
    pub msp_name: String,
    pub msp_legal_name: String,
    /// Where customers report a suspicious link; empty when the MSP named nothing.
    pub report_to: String,
    /// The name of the app registration, as Microsoft's pages show it.
    pub app_name: String,
    /// New invitations ask for a PIN unless the technician says otherwise.
    pub ask_pin: bool,
    /// Addresses from which Microsoft is asked, as customers may list them in Conditional Access; empty: not told.
    pub egress_addresses: Vec<String>,
    /// Microsoft's cloud that the settings name.
    pub cloud: keeper::Cloud,
}

impl Site {
    /// Whether browsers reach us over TLS. Only then do cookies carry `__Host-` and `Secure`.
    pub fn is_https(&self) -> bool {
        self.base_url.scheme() == "https"
    }
}
