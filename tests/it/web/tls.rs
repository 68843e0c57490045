//! TLS of our own: what browsers are shown, that a renewed certificate is taken up while running, and what is refused at the
//! start. Certificates are made here, by an authority of the test's own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use reqwest::tls::Version;
use tenantry::app::App;
use tenantry::config::Config;
use tenantry::web;
use tenantry::web::listen::{Door, Limits, serve};
use tenantry::web::tls::{Tls, TlsError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

use crate::support::app::TestApp;
use crate::support::program::{run, tenantry};
use crate::support::scratch::Scratch;

/// Long enough for anything that happens at all.
const AGES: Duration = Duration::from_secs(20);

/// An authority, and the two files that the settings name.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
    dir: Scratch,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            certificate,
            dir: Scratch::new(),
        }
    }

    /// Issue for these names, good for so many days: PEM of certificate and key.
    fn issue(&self, names: &[&str], days: i64) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        let now = tenantry::clock::Clock::system().now();
        params.not_before = now - time::Duration::days(100);
        params.not_after = now + time::Duration::days(days) + time::Duration::hours(1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn put(&self, (certificate, key): &(String, String)) {
        self.dir.file("chain.pem", certificate);
        self.dir.file("key.pem", key);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn config(&self) -> Config {
        Config::from_pairs([
            (
                "tls.certificate_file",
                self.path("chain.pem").to_str().unwrap(),
            ),
            ("tls.key_file", self.path("key.pem").to_str().unwrap()),
        ])
        .unwrap()
    }

    fn load(&self) -> Result<Tls, TlsError> {
        Tls::load(self.config().tls.as_ref().unwrap())
    }

    /// A client that trusts this authority alone.
    fn client(&self) -> reqwest::ClientBuilder {
        #[expect(
            clippy::disallowed_methods,
            reason = "a browser of the tests, not the product's caller of Microsoft"
        )]
        reqwest::Client::builder()
            .tls_certs_only([reqwest::Certificate::from_der(self.certificate.der()).unwrap()])
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
    }
}

struct Listening {
    address: SocketAddr,
    tls: Tls,
    stop: CancellationToken,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn listening(authority: &Authority, limits: Limits) -> Listening {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let tls = authority.load().unwrap();
    let door = Door::over_tls(listener, tls.acceptor().unwrap());
    let router = Router::new().route("/", get(|| async { "here" }));
    tokio::spawn(serve(door, router, limits, stop.clone()));
    Listening { address, tls, stop }
}

impl Listening {
    fn url(&self) -> String {
        format!("https://localhost:{}/", self.address.port())
    }
}

#[tokio::test]
async fn versions_1_2_and_1_3_are_spoken() {
    let authority = Authority::new();
    authority.put(&authority.issue(&["localhost"], 90));
    let server = listening(&authority, Limits::default()).await;
    for version in [Version::TLS_1_2, Version::TLS_1_3] {
        let client = authority
            .client()
            .tls_version_min(version)
            .tls_version_max(version)
            .build()
            .unwrap();
        let answer = client.get(server.url()).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "here", "{version:?}");
    }
}

#[tokio::test]
async fn version_1_1_and_plain_http_are_not() {
    let authority = Authority::new();
    authority.put(&authority.issue(&["localhost"], 90));
    let server = listening(&authority, Limits::default()).await;
    // A TLS 1.1 ClientHello (RFC 4346 section 7.4.1.2) with two suites of its day and no extension.
    let mut hello = vec![22, 3, 1, 0, 47, 1, 0, 0, 43, 3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 4, 0xc0, 0x13, 0, 0x2f, 1, 0]);
    for asked in [
        hello.as_slice(),
        b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(asked).await.unwrap();
        let mut answer = Vec::new();
        let ended = timeout(AGES, stream.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "the connection stays open");
        // 21 is the record type of an alert.
        assert!(matches!(answer.first(), None | Some(21)), "{answer:?}");
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_to_newcomers_and_open_connections_stay() {
    let authority = Authority::new();
    authority.put(&authority.issue(&["localhost"], 90));
    let server = listening(&authority, Limits::default()).await;
    let former = server.tls.certificate().unwrap();
    let old = authority.client().build().unwrap();
    old.get(server.url())
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();

    let renewed = authority.issue(&["localhost"], 90);
    authority.dir.file("chain.pem", &renewed.0);
    assert!(
        matches!(server.tls.reload(), Err(TlsError::Mismatch { .. })),
        "a new certificate beside the old key is a renewal half done"
    );
    assert_eq!(
        server.tls.certificate().unwrap(),
        former,
        "the former stays"
    );
    authority.put(&renewed);
    assert!(server.tls.reload().unwrap());
    assert_ne!(server.tls.certificate().unwrap(), former);
    assert!(!server.tls.reload().unwrap(), "nothing is new any more");

    let newcomer = authority.client().tls_info(true).build().unwrap();
    let shown = newcomer.get(server.url()).send().await.unwrap();
    let info = shown.extensions().get::<reqwest::tls::TlsInfo>().unwrap();
    assert_eq!(
        info.peer_certificate().unwrap(),
        server.tls.certificate().unwrap().as_ref()
    );
    let again = old.get(server.url()).send().await.unwrap();
    assert_eq!(again.text().await.unwrap(), "here", "the open connection");
}

#[tokio::test]
async fn the_files_are_looked_at_while_running() {
    let authority = Authority::new();
    authority.put(&authority.issue(&["localhost"], 90));
    let tls = authority.load().unwrap();
    let former = tls.certificate().unwrap();
    let stop = CancellationToken::new();
    tokio::time::pause();
    let watching = tokio::spawn(tls.clone().watch(stop.clone()));
    authority.put(&authority.issue(&["localhost"], 90));
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if tls.certificate().unwrap() != former {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_ne!(tls.certificate().unwrap(), former);
    stop.cancel();
    watching.await.unwrap();
}

#[tokio::test]
async fn who_says_nothing_gives_the_place_back() {
    let authority = Authority::new();
    authority.put(&authority.issue(&["localhost"], 90));
    let limits = Limits {
        connections: 1,
        handshake: Duration::from_millis(100),
        ..Limits::default()
    };
    let server = listening(&authority, limits).await;
    let _silent = TcpStream::connect(server.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let client = authority.client().build().unwrap();
    let answer = timeout(AGES, client.get(server.url()).send()).await;
    assert_eq!(answer.unwrap().unwrap().status(), 200);
}

/// The same portal again, over TLS, until what is returned beside its address is dropped.
pub(super) async fn over_tls(app: &App) -> (Url, DropGuard) {
    let authority = Authority::new();
    authority.put(&authority.issue(&["localhost"], 90));
    portal(app, &authority).await
}

async fn portal(app: &App, authority: &Authority) -> (Url, DropGuard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let base = Url::parse(&format!("https://localhost:{port}")).unwrap();
    let mut app = app.clone();
    Arc::make_mut(&mut app.site).base_url = base.clone();
    let door = Door::over_tls(listener, authority.load().unwrap().acceptor().unwrap());
    let stop = CancellationToken::new();
    let router = web::router(app);
    tokio::spawn(serve(door, router, Limits::default(), stop.clone()));
    (base, stop.drop_guard())
}

#[tokio::test]
async fn over_tls_cookies_are_bound_to_the_host_and_browsers_told_to_come_back_so() {
    let authority = Authority::new();
    authority.put(&authority.issue(&["localhost"], 90));
    let test = TestApp::start().await;
    test.technician_with_password(
        "robin@msp.example",
        "a few words in a row",
        tenantry::domain::technician::Role::Owner,
    )
    .await;
    let (base, _stop) = portal(&test.app, &authority).await;
    let client = authority.client().build().unwrap();
    let form = [
        ("email", "robin@msp.example"),
        ("password", "a few words in a row"),
    ];
    let answer = client
        .post(base.join("login").unwrap())
        .header("sec-fetch-site", "same-origin")
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 303);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-sid="), "{cookie}");
    for word in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(word), "{word}: {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert_eq!(
        answer.headers()["strict-transport-security"],
        "max-age=63072000; includeSubDomains"
    );
}

/// `tenantry COMMAND` with these two files.
fn start(authority: &Authority, command: &str) -> crate::support::program::Run {
    let dir = authority.dir.path().display();
    let settings = authority.dir.file(
        "tenantry.toml",
        &format!(
            "base_url = 'https://localhost'\nlisten = '127.0.0.1:0'\nops_listen = '127.0.0.1:0'\ndata_dir = '{dir}'\n\
             msp.name = 'Harbourline IT'\n[entra]\nauthority = 'http://127.0.0.1:1'\n\
             [tls]\ncertificate_file = '{dir}/chain.pem'\nkey_file = '{dir}/key.pem'\n"
        ),
    );
    run(tenantry().arg(command).arg("--config").arg(settings))
}

#[test]
fn a_certificate_of_another_key_stops_the_start_and_says_what_to_do() {
    let authority = Authority::new();
    let (one, other) = (
        authority.issue(&["localhost"], 90),
        authority.issue(&["localhost"], 90),
    );
    authority.put(&(one.0, other.1));
    let run = start(&authority, "serve");
    assert_eq!(run.code, 78, "{}", run.err);
    assert!(
        run.err.contains("does not belong to the key"),
        "{}",
        run.err
    );
    assert!(run.err.contains("tls.key_file"), "{}", run.err);
    assert!(!run.err.contains("PRIVATE KEY"), "{}", run.err);
}

#[test]
fn files_that_hold_something_else_stop_the_start_too() {
    let authority = Authority::new();
    let good = authority.issue(&["localhost"], 90);
    let locked = good.1.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    for (certificate, key, saying) in [
        ("", good.1.as_str(), "holds no certificate"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            good.1.as_str(),
            "holds no certificate",
        ),
        (good.0.as_str(), "", "holds no private key"),
        (good.0.as_str(), locked.as_str(), "without a password"),
    ] {
        authority.put(&(certificate.to_owned(), key.to_owned()));
        let run = start(&authority, "serve");
        assert_eq!(run.code, 78, "{}", run.err);
        assert!(run.err.contains(saying), "{saying}: {}", run.err);
    }
    authority.put(&good);
    std::fs::set_permissions(
        authority.path("key.pem"),
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )
    .unwrap();
    let run = start(&authority, "serve");
    assert_eq!(run.code, 78, "{}", run.err);
    assert!(run.err.contains("may be read by others"), "{}", run.err);
}

#[test]
fn doctor_says_how_long_the_certificate_lasts_and_for_whom() {
    let authority = Authority::new();
    for (names, days, line) in [
        (&["localhost"][..], 90, "ok    TLS certificate"),
        (&["localhost"], 3, "expires in 3 days"),
        (&["localhost"], -1, "has expired"),
        (&["portal.msp.example"], 90, "is not made out to localhost"),
    ] {
        authority.put(&authority.issue(names, days));
        let run = start(&authority, "doctor");
        assert!(run.out.contains(line), "{line}: {}", run.out);
        if days == 90 && names == ["localhost"] {
            assert!(run.out.contains("good for 90 more days"), "{}", run.out);
        }
    }
}
