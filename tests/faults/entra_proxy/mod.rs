//! Between the keepers and the simulated Microsoft: takes TLS from the keepers, passes each request on, and spoils what
//! it was told to. Requests other than refreshes pass as they are.

mod certificates;
mod request;
mod serving;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

use self::certificates::Certificates;
use crate::dice::Dice;

/// What befalls a refresh on its way.
#[derive(Clone, Debug, PartialEq)]
pub enum Spoil {
    /// Done at Microsoft, no answer: the connection is closed.
    Lost,
    /// Done, no answer, and the connection stays open until the keeper gives up.
    Silent,
    Delayed(Duration),
    /// Done, the answer ends at a byte of chance.
    Truncated,
    /// Done, the answer is one of [`WAYS`].
    Malformed(usize),
    /// Done, the answer comes a byte at a time.
    Slow,
    /// Done, half of the answer, then our side of the connection is shut.
    HalfClosed,
    /// Done, then the connection is reset.
    Reset,
    /// Done, then bytes that are no TLS record.
    Garbled,
    /// Not done: reset as soon as the request is read.
    ResetBefore,
    /// Not done: an answer of the campaign's own.
    Instead(Vec<u8>),
    /// Not done: the handshake goes wrong, in one of [`TLS_WAYS`] ways.
    Tls(usize),
}

/// Ways in which TLS is wrong: another authority, another name, expired, plain HTTP, noise, closed in the handshake.
pub const TLS_WAYS: usize = 6;

/// What is spoilt from now on.
struct Plan {
    spoil: Spoil,
    /// Requests still to be spoilt.
    left: u32,
    /// Requests let through between two spoilt ones, on average.
    percent: u64,
    dice: Dice,
}

struct Shared {
    upstream: String,
    http: reqwest::Client,
    good: TlsAcceptor,
    wrong: Vec<TlsAcceptor>,
    plan: Mutex<Option<Plan>>,
    /// Requests spoilt since the last [`EntraProxy::take_hits`].
    hits: Mutex<u32>,
    ways: Mutex<BTreeSet<&'static str>>,
    /// Entra tenants whose new token Microsoft gave out and no keeper received.
    undelivered: Mutex<BTreeSet<Uuid>>,
    /// Entra tenants that were handed somebody else's identity.
    foreign: Mutex<BTreeSet<Uuid>>,
    last: Mutex<Option<(Uuid, Value)>>,
    /// Refreshes by the second in which they came, counted from `start`.
    pace: Mutex<BTreeMap<u64, u32>>,
    start: Instant,
}

/// See the module.
pub struct EntraProxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    pub ca: PathBuf,
    /// A change cuts every connection.
    cut: watch::Sender<u32>,
    accepting: Option<tokio::task::JoinHandle<()>>,
}

impl EntraProxy {
    /// Bind; [`EntraProxy::serve`] begins to serve once the simulator's address is known.
    pub async fn bind(dir: &Path) -> (TcpListener, Certificates) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        (listener, Certificates::make(dir))
    }

    pub fn serve(listener: TcpListener, certificates: Certificates, upstream: &str) -> Self {
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            upstream: upstream.trim_end_matches('/').to_owned(),
            http: plain_client(),
            good: certificates.good,
            wrong: certificates.wrong,
            plan: Mutex::new(None),
            hits: Mutex::new(0),
            ways: Mutex::default(),
            undelivered: Mutex::default(),
            foreign: Mutex::default(),
            last: Mutex::new(None),
            pace: Mutex::default(),
            start: Instant::now(),
        });
        let mut proxy = Self {
            shared,
            address,
            ca: certificates.ca_file,
            cut: watch::channel(0).0,
            accepting: None,
        };
        proxy.accept(listener);
        proxy
    }

    fn accept(&mut self, listener: TcpListener) {
        let (shared, cut) = (Arc::clone(&self.shared), self.cut.clone());
        self.accepting = Some(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (shared, mut cut) = (Arc::clone(&shared), cut.subscribe());
                tokio::spawn(async move {
                    tokio::select! {
                        () = serving::serve(&shared, stream) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        }));
    }

    /// Spoil `count` refreshes, `percent` of a hundred as they come.
    pub fn spoil(&self, spoil: Spoil, count: u32, percent: u64, dice: &mut Dice) {
        let fresh_connections = matches!(spoil, Spoil::Tls(_));
        *self.shared.plan.lock().unwrap() = Some(Plan {
            spoil,
            left: count,
            percent,
            dice: Dice::new(dice.next()),
        });
        if fresh_connections {
            self.cut_all();
        }
    }

    /// Close every connection, whatever it is doing.
    pub fn cut_all(&self) {
        self.cut.send_modify(|number| *number += 1);
    }

    /// Nothing more is spoilt.
    pub fn heal(&self) {
        *self.shared.plan.lock().unwrap() = None;
    }

    /// How many are left to be spoilt.
    pub fn left(&self) -> u32 {
        self.shared
            .plan
            .lock()
            .unwrap()
            .as_ref()
            .map_or(0, |plan| plan.left)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn take_hits(&self) -> u32 {
        std::mem::take(&mut self.shared.hits.lock().unwrap())
    }

    /// The ways of a malformed answer that were used so far.
    pub fn ways(&self) -> usize {
        self.shared.ways.lock().unwrap().len()
    }

    /// Nobody listens any more: connections are refused.
    pub async fn refuse(&mut self) {
        if let Some(task) = self.accepting.take() {
            task.abort();
            let _ = task.await;
        }
        self.cut_all();
    }

    /// Listen again after [`EntraProxy::refuse`].
    pub async fn listen_again(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.accept(listener);
    }

    pub fn take_undelivered(&self) -> BTreeSet<Uuid> {
        std::mem::take(&mut self.shared.undelivered.lock().unwrap())
    }

    pub fn take_foreign(&self) -> BTreeSet<Uuid> {
        std::mem::take(&mut self.shared.foreign.lock().unwrap())
    }

    /// Refreshes since the last call: how many, and in the busiest second.
    pub fn take_pace(&self) -> (u32, u32) {
        let pace = std::mem::take(&mut *self.shared.pace.lock().unwrap());
        (
            pace.values().sum(),
            pace.values().copied().max().unwrap_or(0),
        )
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the proxy is no part of the product"
)]
fn plain_client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}
