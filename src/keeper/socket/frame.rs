//! A message on the line: its length as four bytes, big-endian, then that many bytes of JSON.

use std::io;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::keeper::wiped::Wiped;

/// Longest message, bytes.
pub const LONGEST: usize = 256 * 1024;

/// Why there is no message.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    #[error("the line is closed")]
    Closed,
    #[error("the message is of {0} bytes, and at most {LONGEST} are taken")]
    TooLong(usize),
    #[error("the message did not come in time")]
    Slow,
    #[error("the message is not understood")]
    Odd,
    #[error(transparent)]
    Line(io::Error),
}

/// Read one message within `patience`. Messages carry secrets: the bytes are wiped.
pub async fn read<T: DeserializeOwned>(
    line: &mut UnixStream,
    patience: Duration,
) -> Result<T, FrameError> {
    let bytes = timeout(patience, bytes(line))
        .await
        .map_err(|_| FrameError::Slow)??;
    serde_json::from_slice(&bytes).map_err(|_| FrameError::Odd)
}

async fn bytes(line: &mut (impl AsyncRead + Unpin)) -> Result<Wiped, FrameError> {
    let length = line.read_u32().await.map_err(ended)?;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > LONGEST {
        return Err(FrameError::TooLong(length));
    }
    // One piece from the start: a vector that grows would leave copies of secrets behind.
    let mut bytes = Wiped::new(vec![0; length]);
    line.read_exact(&mut bytes).await.map_err(ended)?;
    Ok(bytes)
}

/// Write one message within `patience`.
pub async fn write<T: Serialize>(
    line: &mut UnixStream,
    message: &T,
    patience: Duration,
) -> Result<(), FrameError> {
    let bytes = json_of(message)?;
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let sent = async {
        line.write_u32(length).await?;
        line.write_all(&bytes).await?;
        line.flush().await
    };
    timeout(patience, sent)
        .await
        .map_err(|_| FrameError::Slow)?
        .map_err(ended)
}

/// In one piece as well, so it is written twice: once to learn how long it is.
fn json_of<T: Serialize>(message: &T) -> Result<Wiped, FrameError> {
    let mut counted = Counted(0);
    serde_json::to_writer(&mut counted, message).map_err(|_| FrameError::Odd)?;
    let Counted(length) = counted;
    if length > LONGEST {
        return Err(FrameError::TooLong(length));
    }
    let mut bytes = Wiped::new(Vec::with_capacity(length));
    serde_json::to_writer(&mut *bytes, message).map_err(|_| FrameError::Odd)?;
    Ok(bytes)
}

/// How many bytes were written.
struct Counted(usize);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn ended(error: io::Error) -> FrameError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionReset => FrameError::Closed,
        _ => FrameError::Line(error),
    }
}

/// For fuzzing: the message in these bytes, as read off a line that ends with them.
#[cfg(feature = "faults")]
pub(crate) fn read_whole<T: DeserializeOwned>(mut line: &[u8]) -> Option<Result<T, FrameError>> {
    use futures_util::FutureExt;
    let read = bytes(&mut line).now_or_never()?;
    Some(read.and_then(|bytes| serde_json::from_slice(&bytes).map_err(|_| FrameError::Odd)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_message_of_any_size_up_to_the_longest_arrives_whole() {
        for length in [0, 1, 100_000, LONGEST - 2] {
            let (mut here, mut there) = UnixStream::pair().unwrap();
            let sent = "x".repeat(length);
            let second = Duration::from_secs(1);
            let (written, read) = tokio::join!(
                write(&mut here, &sent, second),
                read::<String>(&mut there, second)
            );
            written.unwrap();
            assert_eq!(read.unwrap(), sent, "{length}");
        }
    }

    #[tokio::test]
    async fn one_that_is_longer_is_not_sent() {
        let (mut here, _there) = UnixStream::pair().unwrap();
        let sent = "x".repeat(LONGEST - 1);
        let refused = write(&mut here, &sent, Duration::from_secs(1)).await;
        assert!(matches!(refused, Err(FrameError::TooLong(_))));
    }
}
