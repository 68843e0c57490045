//! Takes connections for a router: only so many at once, none that dawdles over its handshake or its request head, all of
//! them brought to an end at shutdown. `axum::serve` has none of these limits. Nothing here knows a page; what TLS shows is
//! [`super::tls`]'s.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{Service, ServiceExt};

use crate::config;

/// After an `accept` that failed (no file descriptors left, mostly) the next try waits so long.
const PAUSE: Duration = Duration::from_secs(1);

/// What one listener bears (`reference` security section 8).
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once; whoever comes then waits in the system's queue.
    pub connections: usize,
    /// A TLS handshake must be done after so long. It holds a place meanwhile.
    pub handshake: Duration,
    /// A request head must be whole after so long. Counted while a kept connection idles too, so that it closes one.
    pub head: Duration,
    /// Largest request head in bytes; answered with 431 beyond.
    pub head_bytes: usize,
}

impl Limits {
    /// As the settings have it.
    pub const fn of(settings: &config::Limits) -> Self {
        Self {
            // Each live stream holds a connection besides those that ask for pages.
            connections: settings.connections + settings.live_streams,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(10),
            // More than `kit::guard` takes, so that it is the one to refuse, with a page.
            head_bytes: 2 * (settings.headers + settings.address),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::of(&config::Limits::default())
    }
}

/// Where connections come in.
pub struct Door {
    listener: TcpListener,
    /// None: in the clear, for this machine or behind a proxy.
    tls: Option<TlsAcceptor>,
}

impl Door {
    pub fn clear(listener: TcpListener) -> Self {
        Self {
            listener,
            tls: None,
        }
    }

    pub fn over_tls(listener: TcpListener, tls: TlsAcceptor) -> Self {
        Self {
            listener,
            tls: Some(tls),
        }
    }
}

/// Serve until `stop`, then finish what is in work; ends when the last connection has. Handlers find the peer's address as
/// `ConnectInfo<SocketAddr>`.
pub async fn serve(door: Door, router: Router, limits: Limits, stop: CancellationToken) {
    let Door { listener, tls } = door;
    let services = router.into_make_service_with_connect_info::<SocketAddr>();
    let places = Arc::new(Semaphore::new(limits.connections));
    let connections = TaskTracker::new();
    while let Some((place, stream, peer)) = next(&listener, &places, &stop).await {
        let Ok(service) = ServiceExt::<SocketAddr>::oneshot(services.clone(), peer).await;
        let (stop, tls) = (stop.clone(), tls.clone());
        connections.spawn(async move {
            let _held = place;
            // A small answer leaves at once; where the option fails it is only later.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "nodelay could not be set");
            }
            match tls {
                None => talk(stream, service, limits, stop).await,
                Some(tls) => {
                    if let Some(stream) = shake_hands(&tls, stream, limits.handshake, &stop).await {
                        talk(stream, service, limits, stop).await;
                    }
                }
            }
        });
    }
    // Closed before the wait, so that newcomers are refused by the system and not left in its queue.
    drop(listener);
    connections.close();
    connections.wait().await;
}

type ForPeer =
    <IntoMakeServiceWithConnectInfo<Router, SocketAddr> as Service<SocketAddr>>::Response;

/// The next connection together with its place; none once `stop` is asked for.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<(OwnedSemaphorePermit, TcpStream, SocketAddr)> {
    let place = tokio::select! {
        biased;
        () = stop.cancelled() => return None,
        // The semaphore is never closed.
        place = Arc::clone(places).acquire_owned() => place.ok()?,
    };
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return None,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => return Some((place, stream, peer)),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// The connection over TLS; none when it did not come about in time or we stop. Scanners and cut connections are everyday.
async fn shake_hands(
    tls: &TlsAcceptor,
    stream: TcpStream,
    patience: Duration,
    stop: &CancellationToken,
) -> Option<TlsStream<TcpStream>> {
    let shaken = tokio::select! {
        () = stop.cancelled() => return None,
        shaken = tokio::time::timeout(patience, tls.accept(stream)) => shaken,
    };
    match shaken {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a TLS handshake failed");
            None
        }
        Err(_) => {
            tracing::debug!("a TLS handshake took too long");
            None
        }
    }
}

/// One connection from its first to its last request.
async fn talk<S>(stream: S, service: ForPeer, limits: Limits, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut protocol = Builder::new(TokioExecutor::new()).http1_only();
    protocol
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(limits.head_bytes);
    let connection =
        protocol.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // Browsers that go away are everyday.
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
