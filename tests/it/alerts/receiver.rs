//! An HTTPS receiver that takes, fails, stalls or lies, and keeps what it heard.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tenantry::outbound::guard::Guard;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::tls;

/// The name under which it is called.
pub const HOST: &str = "hooks.receiver.example";

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Takes,
    Fails,
    /// Points elsewhere.
    Redirects,
    /// Says nothing for longer than anybody waits.
    Stalls,
    /// Answers with what is no HTTP.
    Lies,
    /// Takes the message and dies before it says so.
    TakesAndDies,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Heard {
    pub headers: HashMap<String, String>,
    pub text: String,
    pub body: Value,
}

impl Heard {
    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    /// `event step`
    pub fn what(&self) -> String {
        let data = &self.body["data"];
        format!(
            "{} {}",
            data["event"].as_str().unwrap(),
            data["step"].as_str().unwrap()
        )
    }
}

pub struct Receiver {
    pub at: SocketAddr,
    pub ca_pem: String,
    mood: Arc<Mutex<Mood>>,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let (acceptor, ca_pem) = tls::acceptor(HOST);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (mood, heard) = (
            Arc::new(Mutex::new(Mood::Takes)),
            Arc::new(Mutex::new(Vec::new())),
        );
        let (moods, kept) = (Arc::clone(&mood), Arc::clone(&heard));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (acceptor, moods, kept) =
                    (acceptor.clone(), Arc::clone(&moods), Arc::clone(&kept));
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(socket).await else {
                        return;
                    };
                    let Some(heard) = read(&mut stream).await else {
                        return;
                    };
                    kept.lock().unwrap().push(heard);
                    let mood = *moods.lock().unwrap();
                    let answer = match mood {
                        Mood::Takes => "HTTP/1.1 204 No Content\r\n\r\n",
                        Mood::Fails => "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n",
                        Mood::Redirects => {
                            "HTTP/1.1 307 There\r\nLocation: https://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
                        }
                        Mood::Lies => "220 mail ready\r\n",
                        Mood::TakesAndDies => "",
                        Mood::Stalls => {
                            tokio::time::sleep(Duration::from_mins(1)).await;
                            ""
                        }
                    };
                    let _ = stream.write_all(answer.as_bytes()).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        Self {
            at,
            ca_pem,
            mood,
            heard,
        }
    }

    pub fn be(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    pub fn address(&self) -> String {
        format!("https://{HOST}:{}/alerts/secret-part", self.at.port())
    }

    /// Lets this receiver alone be called.
    pub fn guard(&self) -> Guard {
        Guard::default().allowing(HOST, self.at, self.ca_pem.as_bytes())
    }
}

async fn read(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<Heard> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let n = stream.read(&mut chunk).await.ok()?;
        if n == 0 {
            return None;
        }
        bytes.extend(&chunk[..n]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let headers: HashMap<String, String> = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let length: usize = headers.get("content-length")?.parse().ok()?;
        if body.len() >= length {
            return Some(Heard {
                body: serde_json::from_str(body).unwrap_or_default(),
                text: body.to_owned(),
                headers,
            });
        }
    }
}
