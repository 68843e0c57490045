//! Letters over a real connection to a mail server.

use std::sync::{Arc, Mutex};

use tenantry::config::{Smtp, SmtpTls};
use tenantry::language::Language;
use tenantry::mail::{ACCENT, CustomerLetter, Mailer, SendError};

use crate::support::smtp::MailServer;

fn settings(port: u16) -> Smtp {
    Smtp {
        host: "127.0.0.1".into(),
        port,
        username: None,
        password_file: None,
        from: "Service desk <desk@nordwind.example>".into(),
        tls: SmtpTls::None,
    }
}

fn letter(to: &str) -> tenantry::mail::Letter {
    CustomerLetter {
        to: to.into(),
        language: Language::En,
        subject: "{msp} asks you".into(),
        body: "{msp} asks you.\n\n{link}".into(),
        values: vec![("msp", "Nordwind IT".into())],
        link: Some("https://portal.example/onboarding/inv_x".into()),
        msp_name: "Nordwind IT".into(),
        facts: vec!["Reference: R-7KQ2".into()],
        report_to: String::new(),
        contact: String::new(),
        accent: ACCENT.into(),
        logo: None,
    }
    .compose()
    .unwrap()
}

#[tokio::test]
async fn a_letter_arrives_as_text_and_html() {
    let server = MailServer::start().await;
    let mailer = Mailer::new(&settings(server.address.port())).unwrap();
    mailer.send(letter("it@contoso.example")).await.unwrap();
    let letters = server.letters();
    assert_eq!(letters.len(), 1);
    for part in [
        "From: \"Service desk\" <desk@nordwind.example>",
        "To: it@contoso.example",
        "Content-Type: text/plain",
        "Content-Type: text/html",
        "R-7KQ2",
    ] {
        assert!(
            letters[0].contains(part),
            "{part} is missing in {}",
            letters[0]
        );
    }
}

#[tokio::test]
async fn a_refused_address_is_told_apart_from_a_server_that_is_away() {
    let server = MailServer::start().await;
    let mailer = Mailer::new(&settings(server.address.port())).unwrap();
    let refused = mailer.send(letter("refused@contoso.example")).await;
    assert!(matches!(refused, Err(SendError::Refused(_))), "{refused:?}");
    assert!(server.letters().is_empty());

    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let away = Mailer::new(&settings(port)).unwrap();
    let unreachable = away.send(letter("it@contoso.example")).await;
    assert!(
        matches!(unreachable, Err(SendError::Unreachable(_))),
        "{unreachable:?}"
    );
}

#[tokio::test]
async fn what_is_no_address_is_not_sent_anywhere() {
    let server = MailServer::start().await;
    let mailer = Mailer::new(&settings(server.address.port())).unwrap();
    let sent = mailer.send(letter("nobody at all")).await;
    assert!(matches!(sent, Err(SendError::Address(_))), "{sent:?}");
    assert!(server.letters().is_empty());
}

/// What a log of the highest level would hold.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_letter_is_in_the_log_however_much_is_logged() {
    let sink = Sink::default();
    let kept = sink.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || kept.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    tracing::trace!("the log hears");
    let server = MailServer::start().await;
    let mailer = Mailer::new(&settings(server.address.port())).unwrap();
    mailer.send(letter("it@contoso.example")).await.unwrap();
    assert_eq!(server.letters().len(), 1);
    let log = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("the log hears"), "{log}");
    for secret in ["inv_x", "onboarding", "it@contoso.example"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
