//! A client of a few lines that costs little beside what it measures: HTTP/1.1, kept alive, one request after another.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::load::Load;

/// One kept-alive connection.
pub struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
    session: String,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr, session: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::with_capacity(64 * 1024, stream),
            host: address.to_string(),
            session: session.to_owned(),
        }
    }

    /// Send a GET; `headers` are whole lines.
    pub async fn send(&mut self, path: &str, headers: &str) {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\ncookie: sid={}\r\nsec-fetch-mode: navigate\r\nsec-fetch-site: none\r\n{headers}\r\n",
            self.host, self.session
        );
        self.stream
            .get_mut()
            .write_all(request.as_bytes())
            .await
            .unwrap();
    }

    pub async fn get(&mut self, path: &str, headers: &str) -> Answer {
        self.send(path, headers).await;
        let (status, length) = self.head().await;
        let body = match length {
            Some(length) => {
                let mut body = vec![0; length];
                self.stream.read_exact(&mut body).await.unwrap();
                body
            }
            None => self.chunks().await,
        };
        Answer { status, body }
    }

    /// The status, and the length unless the body comes in chunks.
    pub async fn head(&mut self) -> (u16, Option<usize>) {
        let status = self.line().await;
        let status = status.split(' ').nth(1).unwrap().parse().unwrap();
        let mut length = None;
        loop {
            let line = self.line().await.to_ascii_lowercase();
            if line.is_empty() {
                return (status, length);
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = Some(value.trim().parse().unwrap());
            }
        }
    }

    /// One line without its end.
    pub async fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).await.unwrap();
        assert!(read > 0, "the connection ended");
        line.trim_end().to_owned()
    }

    /// The next line of a stream; none when it has ended.
    pub async fn next_line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line).await {
            // The last chunk has no length (RFC 9112 section 7.1); the connection itself stays open for a while.
            Ok(read) if read > 0 && line.trim_end() != "0" => Some(line.trim_end().to_owned()),
            _ => None,
        }
    }

    async fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let size = usize::from_str_radix(&self.line().await, 16).unwrap();
            let mut chunk = vec![0; size];
            self.stream.read_exact(&mut chunk).await.unwrap();
            self.line().await;
            if size == 0 {
                return body;
            }
            body.extend(chunk);
        }
    }
}

/// Ask for `path` over so many connections for so long.
pub async fn load(
    address: SocketAddr,
    session: &str,
    path: &'static str,
    connections: usize,
    time: Duration,
) -> Load {
    let until = Instant::now() + time;
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let session = session.to_owned();
            tokio::spawn(async move {
                let mut connection = Connection::open(address, &session).await;
                let mut times = Vec::new();
                while Instant::now() < until {
                    let begun = Instant::now();
                    let answer = connection.get(path, "").await;
                    assert_eq!(
                        answer.status,
                        200,
                        "{}",
                        String::from_utf8_lossy(&answer.body)
                    );
                    times.push(begun.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    Load::of(times, time)
}
