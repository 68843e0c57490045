//! Certificates: the configured authority is trusted besides the system's, nobody else.

use std::sync::Arc;

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use tenantry::clock::Clock;
use tenantry::entra::{Endpoints, Entra, Meaning};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use url::Url;

use super::{refresh, tokens_answer};

/// A server for `name` that answers each connection with tokens, its address, and its authority as PEM.
async fn serving(name: &str) -> (String, String) {
    let mut params = CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(Arc::new(config));
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
    (address, authority.pem())
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
