//! Certificates: the configured authority is trusted besides the system's, nobody else.

use tenantry::clock::Clock;
use tenantry::entra::{Endpoints, Entra, Meaning};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

use super::{refresh, tokens_answer};
use crate::support::tls;

/// A server for `name` that answers each connection with tokens, its address, and its authority as PEM.
async fn serving(name: &str) -> (String, String) {
    let (acceptor, ca_pem) = tls::acceptor(name);

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(socket).await else {
                continue;
            };
            let _ = stream.read(&mut [0; 16 * 1024]).await;
            let body = tokens_answer().to_string();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (address, ca_pem)
}

fn trusting(address: &str, pem: Option<String>) -> Entra {
    let address = Url::parse(address).unwrap();
    let endpoints = Endpoints {
        authority: address.clone(),
        graph: address,
        extra_root_ca_pem: pem.map(String::into_bytes),
        verification_hosts: vec![],
    };
    Entra::new(endpoints, Clock::system()).unwrap()
}

#[tokio::test]
async fn the_configured_authority_is_trusted() {
    let (address, pem) = serving("localhost").await;
    assert!(
        refresh(&trusting(&address, Some(pem)))
            .await
            .outcome
            .is_ok()
    );
}

#[tokio::test]
async fn an_unknown_authority_or_another_name_gets_no_request() {
    let (address, _) = serving("localhost").await;
    let failure = refresh(&trusting(&address, None))
        .await
        .outcome
        .unwrap_err();
    assert_eq!(failure.meaning, Meaning::Unreachable);

    let (address, pem) = serving("elsewhere.example").await;
    let failure = refresh(&trusting(&address, Some(pem)))
        .await
        .outcome
        .unwrap_err();
    assert_eq!(failure.meaning, Meaning::Unreachable);
}
