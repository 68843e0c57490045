//! Addresses that people typed (webhooks): what may be called, and how. Only https to the world, never to ourselves or to a
//! network behind us. A name is resolved once per attempt; if **any** of its addresses is not allowed none is called, and the
//! connection goes to an address that was looked at, so that a name which answers otherwise the second time gains nothing.

mod call;
mod typed;

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use url::{Host, Url};

pub use call::Called;
pub use typed::Refused;
use typed::may_be_called;

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
}

#[cfg(test)]
mod tests {
    use super::*;

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
