//! Calling an address: once, directly, and with next to nothing read of the answer.

use std::time::Duration;

use super::{Admitted, Guard, Refused};
use crate::outbound::{self, Build, BuildError, Limits};

/// Of an answer nothing is kept; so much is read at most.
const BODY: usize = 4 * 1_024;
/// Name lookup, connection, TLS, request and answer together.
const WHOLE: Duration = Duration::from_secs(10);

/// How a call ended. Of the answer only the class of its status is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Called {
    /// 2, 3, 4 or 5.
    Status(u16),
    Refused(Refused),
    /// The name has no address.
    NoSuchName,
    /// No connection, no TLS, no answer in time, or no HTTP.
    Unreachable,
    TimedOut,
}

impl Called {
    pub const fn is_ok(self) -> bool {
        matches!(self, Self::Status(2))
    }

    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Status(2) => "2xx",
            Self::Status(3) => "3xx",
            Self::Status(4) => "4xx",
            Self::Status(5) => "5xx",
            Self::Status(_) => "odd status",
            Self::Refused(_) => "address refused",
            Self::NoSuchName => "no such name",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed out",
        }
    }
}

impl Guard {
    /// POST a body there, once: no redirect is followed, no proxy asked, and of the answer only the class is kept.
    pub async fn post(&self, text: &str, headers: &[(&str, &str)], body: String) -> Called {
        match tokio::time::timeout(WHOLE, self.call(text, headers, body)).await {
            Ok(called) => called,
            Err(_) => Called::TimedOut,
        }
    }

    async fn call(&self, text: &str, headers: &[(&str, &str)], body: String) -> Called {
        let admitted = match self.admit(text).await {
            Ok(admitted) => admitted,
            Err(called) => return called,
        };
        let Ok(client) = self.client(&admitted) else {
            return Called::Unreachable;
        };
        let mut request = client
            .post(admitted.url)
            .header("content-type", "application/json")
            .body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match request.send().await {
            Ok(mut response) => {
                let class = response.status().as_u16() / 100;
                // So that a connection that is closed early is not taken for a failure by the other side.
                let _ = outbound::body(&mut response, BODY).await;
                Called::Status(class)
            }
            Err(error) if error.is_timeout() => Called::TimedOut,
            Err(_) => Called::Unreachable,
        }
    }

    fn client(&self, admitted: &Admitted) -> Result<reqwest::Client, BuildError> {
        let limits = Limits {
            connect: Duration::from_secs(5),
            whole: WHOLE,
            body: BODY,
            document: BODY,
        };
        let name = admitted.url.domain().map(|name| (name, admitted.at));
        outbound::client(
            limits,
            Build {
                https_only: true,
                direct: true,
                fresh: true,
                extra_root_ca_pem: self.ca_pem.as_deref(),
                stands_at: name,
                ..Build::default()
            },
        )
    }
}
