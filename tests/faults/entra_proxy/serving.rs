//! One connection of a keeper: what is spoilt on it, what is passed on.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use uuid::Uuid;

use super::request::{Request, read_request};
use super::{Shared, Spoil};
use crate::malformed::{FOREIGN, Good, WAYS};

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

pub(super) async fn serve(shared: &Shared, stream: TcpStream) {
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
