//! Addresses that people typed (webhooks): what may be called, and how. Only https to the world, never to ourselves or to a
//! network behind us. A name is resolved once per attempt; if **any** of its addresses is not allowed none is called, and the
//! connection goes to an address that was looked at, so that a name which answers otherwise the second time gains nothing.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use url::{Host, Url};

use super::address::is_global;
use super::{Build, Limits};

/// Longest address, in bytes.
const LONGEST: usize = 2_048;
const PORTS: [u16; 2] = [443, 8443];
/// Of an answer nothing is kept; so much is read at most.
const BODY: usize = 4 * 1_024;
/// Name lookup, connection, TLS, request and answer together.
const WHOLE: Duration = Duration::from_secs(10);

/// Why an address is not called. The sentence is for whoever typed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("This is no address. It looks like https://example.com/path.")]
    NoAddress,
    #[error("The address is longer than 2048 characters.")]
    TooLong,
    #[error("The address must begin with https://.")]
    NotHttps,
    #[error("The port must be 443 or 8443.")]
    Port,
    #[error("The address must not have a user name or password in it.")]
    UserInfo,
    #[error("This address is not on the public internet.")]
    NotGlobal,
}

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

/// Finds the addresses of a name.
pub type Lookup =
    Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = Vec<IpAddr>> + Send>> + Send + Sync>;

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Guard {
    lookup: Lookup,
    /// Receivers of tests: host, and the addresses it stands at. No setting leads here.
    allowed: Arc<[(String, SocketAddr)]>,
    ca_pem: Option<Arc<[u8]>>,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            lookup: Arc::new(|name| Box::pin(system_lookup(name))),
            allowed: Arc::new([]),
            ca_pem: None,
        }
    }
}

async fn system_lookup(name: String) -> Vec<IpAddr> {
    match tokio::net::lookup_host((name, 443)).await {
        Ok(found) => found.map(|one| one.ip()).collect(),
        Err(_) => Vec::new(),
    }
}

/// A call about to be made: the address, and where it was found to stand.
#[derive(Clone, Debug)]
pub struct Admitted {
    url: Url,
    at: SocketAddr,
}

impl Admitted {
    /// Where the connection will go.
    pub const fn at(&self) -> SocketAddr {
        self.at
    }
}

impl Guard {
    /// With another way to find addresses, for tests.
    #[must_use]
    pub fn with_lookup(mut self, lookup: Lookup) -> Self {
        self.lookup = lookup;
        self
    }

    /// Lets one receiver on this machine be called, under this name, with this certificate authority. For tests and the
    /// demo's own receiver: no setting of `serve` reaches it.
    #[must_use]
    pub fn allowing(mut self, host: &str, at: SocketAddr, ca_pem: &[u8]) -> Self {
        let mut allowed = self.allowed.to_vec();
        allowed.push((host.to_owned(), at));
        self.allowed = allowed.into();
        self.ca_pem = Some(ca_pem.into());
        self
    }

    /// The address, if it is one that may be typed. Whether it may be called is asked again at each call.
    pub fn read(&self, text: &str) -> Result<Url, Refused> {
        if text.len() > LONGEST {
            return Err(Refused::TooLong);
        }
        let url = Url::parse(text).map_err(|_| Refused::NoAddress)?;
        self.check(&url)?;
        Ok(url)
    }

    fn check(&self, url: &Url) -> Result<(), Refused> {
        if url.as_str().len() > LONGEST {
            return Err(Refused::TooLong);
        }
        if url.scheme() != "https" {
            return Err(Refused::NotHttps);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::UserInfo);
        }
        let host = url.host().ok_or(Refused::NoAddress)?;
        if self.allowed_at(url).is_some() {
            return Ok(());
        }
        if !url
            .port_or_known_default()
            .is_some_and(|port| PORTS.contains(&port))
        {
            return Err(Refused::Port);
        }
        match host {
            Host::Ipv4(ip) => may_be_called(ip.into()),
            Host::Ipv6(ip) => may_be_called(ip.into()),
            Host::Domain(name) if is_local_name(name) => Err(Refused::NotGlobal),
            Host::Domain(_) => Ok(()),
        }
    }

    fn allowed_at(&self, url: &Url) -> Option<SocketAddr> {
        let (host, port) = (url.host_str()?, url.port_or_known_default()?);
        let found = self
            .allowed
            .iter()
            .find(|(name, at)| name == host && at.port() == port);
        found.map(|(_, at)| *at)
    }

    /// Find where the address stands, once. None of its addresses may be one that is not allowed.
    pub async fn admit(&self, text: &str) -> Result<Admitted, Called> {
        let url = self.read(text).map_err(Called::Refused)?;
        if let Some(at) = self.allowed_at(&url) {
            return Ok(Admitted { url, at });
        }
        let port = url.port_or_known_default().unwrap_or(443);
        let found = match url.host() {
            Some(Host::Ipv4(ip)) => vec![ip.into()],
            Some(Host::Ipv6(ip)) => vec![ip.into()],
            Some(Host::Domain(name)) => (self.lookup)(name.to_owned()).await,
            None => Vec::new(),
        };
        for ip in &found {
            may_be_called(*ip).map_err(Called::Refused)?;
        }
        let ip = found.first().ok_or(Called::NoSuchName)?;
        Ok(Admitted {
            url,
            at: SocketAddr::new(*ip, port),
        })
    }

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
                let _ = super::body(&mut response, BODY).await;
                Called::Status(class)
            }
            Err(error) if error.is_timeout() => Called::TimedOut,
            Err(_) => Called::Unreachable,
        }
    }

    fn client(&self, admitted: &Admitted) -> Result<reqwest::Client, super::BuildError> {
        let limits = Limits {
            connect: Duration::from_secs(5),
            whole: WHOLE,
            body: BODY,
            document: BODY,
        };
        let name = admitted.url.domain().map(|name| (name, admitted.at));
        super::client(
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

/// Names that mean this machine or the network behind it, whatever a resolver says.
fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let ends = [
        "localhost",
        "local",
        "internal",
        "intranet",
        "lan",
        "home",
        "corp",
        "private",
        "home.arpa",
        "onion",
        "test",
        "invalid",
    ];
    name.is_empty()
        || ends
            .iter()
            .any(|end| name == *end || name.ends_with(&format!(".{end}")))
}

fn may_be_called(ip: IpAddr) -> Result<(), Refused> {
    if is_global(ip) && !is_ours(ip) {
        Ok(())
    } else {
        Err(Refused::NotGlobal)
    }
}

/// An address of this machine is one that can be bound.
fn is_ours(ip: IpAddr) -> bool {
    UdpSocket::bind((ip, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_typed_is_https_to_the_world() {
        let guard = Guard::default();
        for good in [
            "https://hooks.example.com/a?b=c",
            "https://hooks.example.com:8443/",
            "https://8.8.8.8/",
            "HTTPS://HOOKS.EXAMPLE.COM:443/x",
        ] {
            assert!(guard.read(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("http://hooks.example.com/", Refused::NotHttps),
            ("ftp://hooks.example.com/", Refused::NotHttps),
            ("file:///etc/passwd", Refused::NotHttps),
            ("hooks.example.com", Refused::NoAddress),
            ("", Refused::NoAddress),
            ("https://", Refused::NoAddress),
            ("https://a:b@hooks.example.com/", Refused::UserInfo),
            ("https://a@hooks.example.com/", Refused::UserInfo),
            ("https://hooks.example.com:22/", Refused::Port),
            ("https://hooks.example.com:80/", Refused::Port),
            ("https://localhost/", Refused::NotGlobal),
            ("https://db.internal/", Refused::NotGlobal),
            ("https://localhost./", Refused::NotGlobal),
            ("https://2130706433/", Refused::NotGlobal),
            ("https://0x7f.1/", Refused::NotGlobal),
            ("https://0177.0.0.1/", Refused::NotGlobal),
        ] {
            assert_eq!(guard.read(bad), Err(why), "{bad}");
        }
        let long = format!("https://hooks.example.com/{}", "x".repeat(2_100));
        assert_eq!(guard.read(&long), Err(Refused::TooLong));
    }

    #[tokio::test]
    async fn one_address_that_is_not_allowed_spoils_the_name() {
        let mixed: Lookup = Arc::new(|_| {
            Box::pin(async { vec!["8.8.8.8".parse().unwrap(), "10.0.0.1".parse().unwrap()] })
        });
        let guard = Guard::default().with_lookup(mixed);
        let refused = guard.admit("https://hooks.example.com/").await.unwrap_err();
        assert_eq!(refused, Called::Refused(Refused::NotGlobal));
    }
}
