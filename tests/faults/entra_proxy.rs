//! Between the keepers and the simulated Microsoft: takes TLS from the keepers, passes each request on, and spoils what
//! it was told to. Requests other than refreshes pass as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rcgen::{
    BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;
use uuid::Uuid;

use crate::dice::Dice;
use crate::malformed::{FOREIGN, Good, WAYS};

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
                        () = serve(&shared, stream) => {}
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

/// A request as it was read.
struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// The Entra tenant of a refresh; `None` for anything else.
    fn refreshes(&self) -> Option<Uuid> {
        let body = String::from_utf8_lossy(&self.body);
        let wanted = self.path.ends_with("/token") && body.contains("grant_type=refresh_token");
        wanted
            .then(|| self.path.split('/').nth(1)?.parse().ok())
            .flatten()
    }
}

/// Notes a token that was given out and not received, unless told otherwise.
struct Delivery<'a> {
    shared: &'a Shared,
    tenant: Option<Uuid>,
}

impl Drop for Delivery<'_> {
    fn drop(&mut self) {
        if let Some(tenant) = self.tenant {
            self.shared.undelivered.lock().unwrap().insert(tenant);
        }
    }
}

async fn serve(shared: &Shared, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let Some(mut tls) = handshake(shared, stream).await else {
        return;
    };
    while let Some(request) = read_request(&mut tls).await {
        if one(shared, &mut tls, request).await.is_none() {
            return;
        }
    }
}

async fn handshake(shared: &Shared, mut stream: TcpStream) -> Option<TlsStream<TcpStream>> {
    let wrong = take_if(shared, |spoil| matches!(spoil, Spoil::Tls(_)));
    let Some(Spoil::Tls(way)) = wrong else {
        return shared.good.accept(stream).await.ok();
    };
    if let Some(acceptor) = shared.wrong.get(way) {
        let _ = acceptor.accept(stream).await;
        return None;
    }
    let mut hello = [0; 512];
    let _ = stream.read(&mut hello).await;
    let reply: &[u8] = match way {
        3 => b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
        4 => b"\x16\x03\x03\xff\xff\x00\x01\x02\x03noise",
        _ => b"",
    };
    let _ = stream.write_all(reply).await;
    None
}

/// The plan's spoil for this request, when it has one of the kind wanted.
fn take_if(shared: &Shared, wanted: impl Fn(&Spoil) -> bool) -> Option<Spoil> {
    let mut plan = shared.plan.lock().unwrap();
    let found = plan
        .as_mut()
        .filter(|plan| plan.left > 0 && wanted(&plan.spoil))?;
    if !found.dice.chance(found.percent) {
        return None;
    }
    found.left -= 1;
    let mut spoil = found.spoil.clone();
    if let Spoil::Malformed(way) = &mut spoil {
        // One way after another, from where the plan began.
        let this = *way % WAYS.len();
        found.spoil = Spoil::Malformed(this + 1);
        *way = this;
    }
    *shared.hits.lock().unwrap() += 1;
    Some(spoil)
}

/// One request; `None` ends the connection.
async fn one(shared: &Shared, tls: &mut TlsStream<TcpStream>, request: Request) -> Option<()> {
    let refreshes = request.refreshes();
    if refreshes.is_some() {
        let second = shared.start.elapsed().as_secs();
        *shared.pace.lock().unwrap().entry(second).or_default() += 1;
    }
    let spoil = refreshes.and_then(|_| take_if(shared, |spoil| !matches!(spoil, Spoil::Tls(_))));
    match &spoil {
        Some(Spoil::ResetBefore) => return reset(tls),
        Some(Spoil::Instead(answer)) => {
            tls.write_all(answer).await.ok()?;
            return tls.flush().await.ok();
        }
        _ => {}
    }
    let mut delivery = Delivery {
        shared,
        tenant: None,
    };
    let (answer, body) = forward(shared, &request, refreshes, &mut delivery).await?;
    let Some(spoil) = spoil else {
        tls.write_all(&answer).await.ok()?;
        tls.flush().await.ok()?;
        delivery.tenant = None;
        if let (Some(tenant), Some(body)) = (refreshes, body) {
            *shared.last.lock().unwrap() = Some((tenant, body));
        }
        return Some(());
    };
    deliver(
        shared,
        tls,
        &spoil,
        &answer,
        refreshes.zip(body),
        &mut delivery,
    )
    .await
}

/// Done by the simulator: the whole answer, and its JSON when it is a good one with a new token.
async fn forward(
    shared: &Shared,
    request: &Request,
    refreshes: Option<Uuid>,
    delivery: &mut Delivery<'_>,
) -> Option<(Vec<u8>, Option<Value>)> {
    let url = format!("{}{}", shared.upstream, request.path);
    let mut outgoing = shared
        .http
        .request(request.method.parse().ok()?, url)
        .body(request.body.clone());
    for (name, value) in &request.headers {
        if !["host", "content-length", "connection"].contains(&name.as_str()) {
            outgoing = outgoing.header(name, value);
        }
    }
    let response = outgoing.send().await.ok()?;
    let mut answer = format!("HTTP/1.1 {}\r\n", response.status()).into_bytes();
    for (name, value) in response.headers() {
        if !["content-length", "transfer-encoding", "connection"].contains(&name.as_str()) {
            answer.extend(
                name.as_str()
                    .bytes()
                    .chain(*b": ")
                    .chain(value.as_bytes().iter().copied())
                    .chain(*b"\r\n"),
            );
        }
    }
    let good = response.status() == 200;
    let bytes = response.bytes().await.ok()?;
    answer.extend(format!("content-length: {}\r\n\r\n", bytes.len()).bytes());
    answer.extend(&bytes);
    let body: Option<Value> = serde_json::from_slice(&bytes)
        .ok()
        .filter(|_| good && refreshes.is_some());
    if body
        .as_ref()
        .is_some_and(|body| body["refresh_token"].is_string())
    {
        delivery.tenant = refreshes;
    }
    Some((answer, body))
}

async fn deliver(
    shared: &Shared,
    tls: &mut TlsStream<TcpStream>,
    spoil: &Spoil,
    answer: &[u8],
    good: Option<(Uuid, Value)>,
    delivery: &mut Delivery<'_>,
) -> Option<()> {
    let some = answer.len() / 2;
    match spoil {
        Spoil::Delayed(by) => {
            tokio::time::sleep(*by).await;
            tls.write_all(answer).await.ok()?;
            tls.flush().await.ok()?;
            // A keeper that gave up meanwhile has closed its side; writing would not tell at once.
            if *by < Duration::from_secs(15) {
                delivery.tenant = None;
            }
            Some(())
        }
        Spoil::Slow => {
            for piece in answer.chunks(answer.len().div_ceil(40)) {
                tls.write_all(piece).await.ok()?;
                tls.flush().await.ok()?;
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
            delivery.tenant = None;
            Some(())
        }
        Spoil::Malformed(way) => {
            let (name, make) = WAYS[*way];
            shared.ways.lock().unwrap().insert(name);
            let (tenant, body) = good?;
            let others = shared
                .last
                .lock()
                .unwrap()
                .clone()
                .filter(|(other, _)| *other != tenant);
            if name == FOREIGN && others.is_some() {
                shared.foreign.lock().unwrap().insert(tenant);
            }
            let others = others.map(|(_, body)| body);
            let _ = tls.write_all(&make(&Good { body, others })).await;
            let _ = tls.flush().await;
            let _ = tls.shutdown().await;
            None
        }
        Spoil::Truncated => {
            let _ = tls.write_all(&answer[..some]).await;
            let _ = tls.flush().await;
            let _ = tls.shutdown().await;
            None
        }
        Spoil::HalfClosed => {
            let _ = tls.write_all(&answer[..some]).await;
            let _ = tls.flush().await;
            let _ = tls.get_mut().0.shutdown().await;
            // Our side is shut, theirs is read on.
            let mut rest = [0; 256];
            let _ =
                tokio::time::timeout(Duration::from_secs(2), tls.get_mut().0.read(&mut rest)).await;
            None
        }
        Spoil::Silent => {
            let mut rest = [0; 256];
            let _ = tokio::time::timeout(Duration::from_secs(40), tls.read(&mut rest)).await;
            None
        }
        Spoil::Reset => reset(tls),
        Spoil::Garbled => {
            let _ = tls
                .get_mut()
                .0
                .write_all(&[0x17, 3, 3, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9])
                .await;
            None
        }
        Spoil::Lost | Spoil::ResetBefore | Spoil::Instead(_) | Spoil::Tls(_) => None,
    }
}

fn reset(tls: &TlsStream<TcpStream>) -> Option<()> {
    let _ = tls.get_ref().0.set_zero_linger();
    None
}

async fn read_request(tls: &mut TlsStream<TcpStream>) -> Option<Request> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if tls.read_buf(&mut bytes).await.ok()? == 0 || bytes.len() > 64 * 1024 {
            return None;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let mut lines = text.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(Some(0), |(_, value)| value.parse().ok())?;
    let mut body = bytes.split_off(head + 4);
    while body.len() < length {
        if tls.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Request {
        method,
        path,
        headers,
        body,
    })
}

/// The proxy's certificate, and some that nobody should accept.
pub struct Certificates {
    good: TlsAcceptor,
    wrong: Vec<TlsAcceptor>,
    ca_file: PathBuf,
}

impl Certificates {
    fn make(dir: &Path) -> Self {
        let (ca, key) = authority();
        let ca_file = dir.join("proxy-ca.pem");
        std::fs::write(&ca_file, ca.self_signed(&key).unwrap().pem()).unwrap();
        let issuer = Issuer::new(ca, key);
        let (other, other_key) = authority();
        let other = Issuer::new(other, other_key);
        let names = || {
            CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap()
        };
        let elsewhere = CertificateParams::new(vec!["elsewhere.example".to_owned()]).unwrap();
        let mut expired = names();
        expired.not_before = date_time_ymd(2020, 1, 1);
        expired.not_after = date_time_ymd(2021, 1, 1);
        Self {
            good: acceptor(names(), &issuer),
            wrong: vec![
                acceptor(names(), &other),
                acceptor(elsewhere, &issuer),
                acceptor(expired, &issuer),
            ],
            ca_file,
        }
    }
}

fn authority() -> (CertificateParams, KeyPair) {
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    (ca, KeyPair::generate().unwrap())
}

fn acceptor(mut server: CertificateParams, issuer: &Issuer<'_, KeyPair>) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    server.use_authority_key_identifier_extension = true;
    let certificate = server.signed_by(&key, issuer).unwrap();
    let certificate: CertificateDer<'static> = certificate.der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
