//! A mail server of a few lines: takes every letter but those to `refused@…`, and keeps what it got.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tenantry::config::{Smtp, SmtpTls};
use tenantry::mail::Mailer;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What sends by a server of this machine.
pub fn mailer(port: u16) -> Mailer {
    let settings = Smtp {
        host: "127.0.0.1".into(),
        port,
        username: None,
        password_file: None,
        from: "Harbourline <desk@harbourline.example>".into(),
        tls: SmtpTls::None,
    };
    Mailer::new(&settings).unwrap()
}

/// A running server; it ends with the test's runtime.
pub struct MailServer {
    pub address: SocketAddr,
    letters: Arc<Mutex<Vec<String>>>,
    closed: Arc<AtomicBool>,
}

impl MailServer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let letters = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&letters);
        let closed = Arc::new(AtomicBool::new(false));
        let is_closed = Arc::clone(&closed);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&kept), Arc::clone(&is_closed)));
            }
        });
        Self {
            address,
            letters,
            closed,
        }
    }

    /// What sends by it.
    pub fn mailer(&self) -> Mailer {
        mailer(self.address.port())
    }

    /// Put every letter off with a status 4xx, or take letters again.
    pub fn close(&self, closed: bool) {
        self.closed.store(closed, Ordering::SeqCst);
    }

    /// Every letter taken so far, whole: headers and body as sent.
    pub fn letters(&self) -> Vec<String> {
        self.letters.lock().unwrap().clone()
    }
}

async fn converse(
    stream: TcpStream,
    letters: Arc<Mutex<Vec<String>>>,
    closed: Arc<AtomicBool>,
) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 test ESMTP\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let answer = match line.to_ascii_uppercase() {
            verb if verb.starts_with("MAIL") && closed.load(Ordering::SeqCst) => "451 not now",
            verb if verb.starts_with("RCPT") && verb.contains("REFUSED@") => "550 no such mailbox",
            verb if verb.starts_with("DATA") => {
                writer.write_all(b"354 go on\r\n").await?;
                let mut letter = String::new();
                loop {
                    match lines.next_line().await? {
                        // A sender that breaks off has sent nothing.
                        None => return Ok(()),
                        Some(line) if line == "." => break,
                        Some(line) => {
                            letter.push_str(&line);
                            letter.push('\n');
                        }
                    }
                }
                letters.lock().unwrap().push(letter);
                "250 taken"
            }
            verb if verb.starts_with("QUIT") => "221 bye",
            _ => "250 fine",
        };
        writer.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}
