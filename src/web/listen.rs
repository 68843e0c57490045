//! Takes connections for a router: only so many at once, none that dawdles over its request head, all of them brought to an
//! end at shutdown. `axum::serve` has none of these limits. Nothing here knows a page; TLS is a proxy's or another layer's.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{Service, ServiceExt};

/// After an `accept` that failed (no file descriptors left, mostly) the next try waits so long.
const PAUSE: Duration = Duration::from_secs(1);

/// What one listener bears (`reference` security section 8).
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once; whoever comes then waits in the system's queue.
    pub connections: usize,
    /// A request head must be whole after so long. Counted while a kept connection idles too, so that it closes one.
    pub head: Duration,
    /// Largest request head in bytes; answered with 431 beyond.
    pub head_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Each live stream holds a connection besides those that ask for pages: 1,024 and 2,000.
            connections: 1_024 + 2_000,
            head: Duration::from_secs(10),
            // 16 KiB of headers and 4 KiB of address.
            head_bytes: 20 * 1024,
        }
    }
}

/// Serve until `stop`, then finish what is in work; ends when the last connection has. Handlers find the peer's address as
/// `ConnectInfo<SocketAddr>`.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: CancellationToken) {
    let services = router.into_make_service_with_connect_info::<SocketAddr>();
    let places = Arc::new(Semaphore::new(limits.connections));
    let connections = TaskTracker::new();
    while let Some((place, stream, peer)) = next(&listener, &places, &stop).await {
        let Ok(service) = ServiceExt::<SocketAddr>::oneshot(services.clone(), peer).await;
        let stop = stop.clone();
        connections.spawn(async move {
            let _held = place;
            talk(stream, service, limits, stop).await;
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

/// One connection from its first to its last request.
async fn talk(stream: TcpStream, service: ForPeer, limits: Limits, stop: CancellationToken) {
    // A small answer leaves at once; where the option fails it is only later.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "nodelay could not be set");
    }
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
