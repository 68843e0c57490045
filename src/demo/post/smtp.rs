//! A mail server of a few lines: takes every letter, for whomever it is, and delivers it to the shelf.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::letter::Letter;
use super::shelf::Shelf;

/// A conversation sends at most so much.
const MOST: u64 = 64 << 20;

pub async fn serve(listener: TcpListener, shelf: Shelf) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(converse(stream, shelf.clone()))),
            // Out of file descriptors or the like: let others finish first.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn converse(stream: TcpStream, shelf: Shelf) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader.take(MOST)).lines();
    writer.write_all(b"220 post room of the demo\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await?;
                let mut raw = String::new();
                loop {
                    match lines.next_line().await? {
                        // A sender that breaks off has sent nothing.
                        None => return Ok(()),
                        Some(line) if line == "." => break,
                        Some(line) => {
                            // A dot at the beginning was doubled on the way (RFC 5321 section 4.5.2).
                            raw.push_str(line.strip_prefix('.').unwrap_or(&line));
                            raw.push('\n');
                        }
                    }
                }
                let letter = Letter::read(&raw);
                shelf.put("Mail", letter.to, letter.subject, letter.text);
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 fine",
        };
        writer.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}
