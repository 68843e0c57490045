//! A client of a few lines that costs little beside what it measures: HTTP/1.1, kept alive, one request after another.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::load::Load;

const BODY: &str = r#"{"resource":"graph"}"#;

/// One kept-alive connection.
pub struct Connection {
    stream: BufReader<TcpStream>,
    head: String,
}

impl Connection {
    pub async fn open(address: SocketAddr, key: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::with_capacity(64 * 1024, stream),
            head: format!(
                "host: {address}\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{BODY}",
                BODY.len()
            ),
        }
    }

    /// Status and body.
    pub async fn post(&mut self, path: &str) -> (u16, Vec<u8>) {
        let request = format!("POST {path} HTTP/1.1\r\n{}", self.head);
        let stream = self.stream.get_mut();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut line = String::new();
        let (mut status, mut length) = (0, 0);
        loop {
            line.clear();
            let read = self.stream.read_line(&mut line).await.unwrap();
            assert!(read > 0, "the connection ended");
            let text = line.trim_end();
            if text.is_empty() {
                break;
            }
            if status == 0 {
                status = text.split(' ').nth(1).unwrap().parse().unwrap();
            } else if let Some((name, value)) = text.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.unwrap();
        (status, body)
    }
}

/// Ask for these over so many connections for so long.
pub async fn load(
    address: SocketAddr,
    key: &str,
    paths: &[String],
    connections: usize,
    time: Duration,
) -> Load {
    let paths: Arc<[String]> = paths.into();
    let until = Instant::now() + time;
    let tasks: Vec<_> = (0..connections)
        .map(|n| {
            let (key, paths) = (key.to_owned(), Arc::clone(&paths));
            tokio::spawn(async move {
                let mut connection = Connection::open(address, &key).await;
                let mut times = Vec::new();
                for at in n.. {
                    let begun = Instant::now();
                    if begun >= until {
                        break;
                    }
                    let (status, body) = connection.post(&paths[at % paths.len()]).await;
                    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
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
