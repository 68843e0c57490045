//! Which addresses may be typed, and which of those they lead to may be called.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use url::{Host, Url};

use super::Guard;
use crate::outbound::is_global;

/// Longest address, in bytes.
const LONGEST: usize = 2_048;
const PORTS: [u16; 2] = [443, 8443];
/// Names under these stand for this machine or the network behind it, whatever a resolver says.
const LOCAL: [&str; 12] = [
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

impl Guard {
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

    pub(super) fn allowed_at(&self, url: &Url) -> Option<SocketAddr> {
        let (host, port) = (url.host_str()?, url.port_or_known_default()?);
        let found = self
            .allowed
            .iter()
            .find(|(name, at)| name == host && at.port() == port);
        found.map(|(_, at)| *at)
    }
}

fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let is_under = |end: &str| {
        let before = name.strip_suffix(end);
        before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    name.is_empty() || LOCAL.into_iter().any(is_under)
}

pub(super) fn may_be_called(ip: IpAddr) -> Result<(), Refused> {
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
}
