//! The listener's limits, tried over real connections against a router of two pages.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use tenantry::web::listen::{Door, Limits, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Long enough for anything that happens at all.
const AGES: Duration = Duration::from_secs(20);
/// Long enough for an answer that nothing holds back.
const MOMENT: Duration = Duration::from_millis(300);

struct Listening {
    address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    /// Told when `/slow` has begun, and what lets it end.
    begun: Arc<Notify>,
    end: Arc<Notify>,
}

async fn listening(limits: Limits) -> Listening {
    let (begun, end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (begun.clone(), end.clone());
    let router = Router::new()
        .route(
            "/",
            get(|peer: ConnectInfo<SocketAddr>| async move { peer.0.ip().to_string() }),
        )
        .route(
            "/slow",
            get(|| async move {
                tell.notify_one();
                wait.notified().await;
                "finished"
            }),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let serving = tokio::spawn(serve(Door::clear(listener), router, limits, stop.clone()));
    Listening {
        address,
        stop,
        serving,
        begun,
        end,
    }
}

impl Listening {
    async fn connect(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }
}

/// What came until the other side closed.
async fn all(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    timeout(AGES, stream.read_to_end(&mut text))
        .await
        .expect("the connection stays open")
        .unwrap();
    String::from_utf8(text).unwrap()
}

const ASK: &str = "GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_request_is_answered_and_knows_its_peer() {
    let server = listening(Limits::default()).await;
    let answer = all(&mut server.connect(ASK).await).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("127.0.0.1"), "{answer}");
}

#[tokio::test]
async fn a_head_that_does_not_come_to_its_end_is_not_waited_for() {
    let limits = Limits {
        head: Duration::from_millis(100),
        ..Limits::default()
    };
    let server = listening(limits).await;
    let answer = all(&mut server.connect("GET / HTTP/1.1\r\nhost: he").await).await;
    assert!(!answer.contains("200"), "{answer}");
}

#[tokio::test]
async fn a_kept_connection_that_asks_nothing_more_is_closed() {
    let limits = Limits {
        head: Duration::from_millis(100),
        ..Limits::default()
    };
    let server = listening(limits).await;
    let answer = all(&mut server.connect("GET / HTTP/1.1\r\nhost: here\r\n\r\n").await).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let server = listening(Limits::default()).await;
    let ask = format!(
        "GET / HTTP/1.1\r\nhost: here\r\nx-much: {}\r\n\r\n",
        "a".repeat(100 * 1024)
    );
    let answer = all(&mut server.connect(&ask).await).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn one_connection_too_many_waits_until_another_ends() {
    let server = listening(Limits {
        connections: 1,
        ..Limits::default()
    })
    .await;
    let first = server
        .connect("GET /slow HTTP/1.1\r\nhost: here\r\n\r\n")
        .await;
    timeout(AGES, server.begun.notified()).await.unwrap();
    let mut second = server.connect(ASK).await;
    let mut byte = [0];
    assert!(
        timeout(MOMENT, second.read(&mut byte)).await.is_err(),
        "answered beside the first"
    );
    drop(first);
    server.end.notify_one();
    assert!(all(&mut second).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn stopping_finishes_what_is_in_work_and_takes_nothing_new() {
    let server = listening(Limits::default()).await;
    let mut slow = server
        .connect("GET /slow HTTP/1.1\r\nhost: here\r\n\r\n")
        .await;
    let mut idle = server.connect("").await;
    timeout(AGES, server.begun.notified()).await.unwrap();
    server.stop.cancel();
    assert_eq!(all(&mut idle).await, "");
    assert!(
        TcpStream::connect(server.address).await.is_err(),
        "a newcomer was taken"
    );
    assert!(
        !server.serving.is_finished(),
        "it ended over a request in work"
    );
    server.end.notify_one();
    assert!(all(&mut slow).await.ends_with("finished"));
    timeout(AGES, server.serving)
        .await
        .expect("it never ends")
        .unwrap();
}
