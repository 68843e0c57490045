//! A request of a keeper, read whole.

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use uuid::Uuid;

/// A request as it was read.
pub(super) struct Request {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// The Entra tenant of a refresh; `None` for anything else.
    pub fn refreshes(&self) -> Option<Uuid> {
        let body = String::from_utf8_lossy(&self.body);
        let wanted = self.path.ends_with("/token") && body.contains("grant_type=refresh_token");
        wanted
            .then(|| self.path.split('/').nth(1)?.parse().ok())
            .flatten()
    }
}

pub(super) async fn read_request(tls: &mut TlsStream<TcpStream>) -> Option<Request> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if tls.read_buf(&mut bytes).await.ok()? == 0 || bytes.len() > 64 * 1024 {
            return None;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let mut lines = text.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(Some(0), |(_, value)| value.parse().ok())?;
    let mut body = bytes.split_off(head + 4);
    while body.len() < length {
        if tls.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Request {
        method,
        path,
        headers,
        body,
    })
}
