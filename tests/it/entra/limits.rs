//! Bounds of a call: time, size, redirects, hosts, and answers of servers in trouble.

use std::time::Duration;

use tenantry::clock::Clock;
use tenantry::entra::{Endpoints, Entra, Meaning, SetupError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;
use wiremock::ResponseTemplate;

use super::{
    answering, entra, entra_at, entra_error, json_answer, only_request, refresh, tokens_answer,
};

/// A server that reads one request, writes `bytes` and closes.
async fn writing(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut [0; 16 * 1024]).await.unwrap();
        socket.write_all(bytes).await.unwrap();
        socket.shutdown().await.unwrap();
    });
    address
}

#[tokio::test]
async fn a_slow_answer_leaves_the_outcome_open() {
    let slow = json_answer(200, &tokens_answer()).set_delay(Duration::from_secs(5));
    let server = answering(slow).await;
    let exchange = refresh(&entra(&server)).await;
    let failure = exchange.outcome.unwrap_err();
    assert_eq!(failure.meaning, Meaning::NoReply);
    assert_eq!((failure.http_status, failure.raw.as_str()), (None, ""));
    assert!(exchange.call.duration < Duration::from_secs(4));
}

#[tokio::test]
async fn a_connection_closed_without_an_answer_leaves_the_outcome_open() {
    let address = writing(b"").await;
    let failure = refresh(&entra_at(&address, Clock::system()))
        .await
        .outcome
        .unwrap_err();
    assert_eq!(failure.meaning, Meaning::NoReply);
}

#[tokio::test]
async fn nobody_listening_means_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let failure = refresh(&entra_at(&address, Clock::system()))
        .await
        .outcome
        .unwrap_err();
    assert_eq!(failure.meaning, Meaning::Unreachable);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_malformed_and_masked() {
    let address = writing(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"token_type\":\"Bearer\",\"refresh_token\":\"1.AXoA-se").await;
    let exchange = refresh(&entra_at(&address, Clock::system())).await;
    let failure = exchange.outcome.unwrap_err();
    assert_eq!(
        (failure.meaning, failure.http_status),
        (Meaning::Malformed, Some(200))
    );
    assert_eq!(
        failure.raw,
        r#"{"token_type":"Bearer","refresh_token":"[removed]"#
    );
    assert_eq!(exchange.call.http_status, Some(200));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = answering(json_answer(200, &tokens_answer())).await;
    for status in [302, 307, 308] {
        let redirect = ResponseTemplate::new(status).insert_header("Location", elsewhere.uri());
        let server = answering(redirect).await;
        let failure = refresh(&entra(&server)).await.outcome.unwrap_err();
        assert_eq!(
            (failure.meaning, failure.http_status),
            (Meaning::Malformed, Some(status))
        );
    }
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn more_than_64_kib_are_not_read() {
    let mut body = tokens_answer();
    body["padding"] = "x".repeat(64 * 1024).into();
    let server = answering(json_answer(200, &body)).await;
    let failure = refresh(&entra(&server)).await.outcome.unwrap_err();
    assert_eq!(failure.meaning, Meaning::Malformed);
    assert!(failure.raw.len() <= 64 * 1024);

    let server = answering(ResponseTemplate::new(503).set_body_string("x".repeat(80_000))).await;
    let failure = refresh(&entra(&server)).await.outcome.unwrap_err();
    assert_eq!(failure.meaning, Meaning::Transient);
}

#[tokio::test]
async fn an_html_page_of_a_server_in_trouble_is_transient() {
    let page = "<html><body>Service unavailable</body></html>";
    let server = answering(
        ResponseTemplate::new(503)
            .set_body_raw(page, "text/html")
            .insert_header("Retry-After", "120"),
    )
    .await;
    let failure = refresh(&entra(&server)).await.outcome.unwrap_err();
    assert_eq!(failure.meaning, Meaning::Transient);
    assert_eq!(failure.retry_after, Some(Duration::from_mins(2)));
    assert_eq!(failure.raw, page);
}

#[tokio::test]
async fn throttling_says_how_long_to_wait() {
    for (header, wait) in [
        (Some("30"), Some(30)),
        (Some("86400"), Some(3600)),
        (Some("Mon, 02 Mar 2026 08:16:42 GMT"), Some(60)),
        (Some("-1"), None),
        (Some("later"), None),
        (None, None),
    ] {
        let mut answer = json_answer(429, &entra_error("temporarily_unavailable", 90055, ""))
            .insert_header("Date", "Mon, 02 Mar 2026 08:15:42 GMT");
        if let Some(header) = header {
            answer = answer.insert_header("Retry-After", header);
        }
        let server = answering(answer).await;
        let failure = refresh(&entra(&server)).await.outcome.unwrap_err();
        assert_eq!(failure.meaning, Meaning::Throttled);
        assert_eq!(
            failure.retry_after.map(|wait| wait.as_secs()),
            wait,
            "{header:?}"
        );
    }
}

#[tokio::test]
async fn a_failed_call_is_not_repeated() {
    let server = answering(ResponseTemplate::new(503)).await;
    assert!(refresh(&entra(&server)).await.outcome.is_err());
    let _ = only_request(&server).await;
}

#[test]
fn unusable_addresses_and_authorities_stop_the_start() {
    let with = |authority: &str| {
        let mut endpoints = Endpoints::global();
        endpoints.authority = Url::parse(authority).unwrap();
        Entra::new(endpoints, Clock::system())
    };
    for address in [
        "ftp://login.example",
        "https://me@login.example",
        "https://login.example/?x",
        "data:x",
    ] {
        assert!(
            matches!(with(address), Err(SetupError::Address(_))),
            "{address}"
        );
    }
    for pem in [
        &b"nothing"[..],
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let mut endpoints = Endpoints::global();
        endpoints.extra_root_ca_pem = Some(pem.into());
        assert!(Entra::new(endpoints, Clock::system()).is_err());
    }
    assert!(Entra::new(Endpoints::global(), Clock::system()).is_ok());
}
