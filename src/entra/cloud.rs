//! Microsoft's clouds: apart from each other, each with sign-in hosts and app registrations of its own.

use url::Url;

use super::Endpoints;

/// A cloud of Microsoft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cloud {
    /// The worldwide one (also GCC), and what pretends to be it in the demo.
    Global,
    /// GCC High.
    UsGov,
    UsDod,
    /// Operated by 21Vianet.
    China,
}

impl Cloud {
    pub const ALL: [Self; 4] = [Self::Global, Self::UsGov, Self::UsDod, Self::China];

    /// As in `app_registrations.cloud`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::UsGov => "us_gov",
            Self::UsDod => "us_dod",
            Self::China => "china",
        }
    }

    /// The cloud of these addresses. GCC High and `DoD` share the sign-in host and differ in Graph's.
    pub fn of(endpoints: &Endpoints) -> Self {
        Self::at(&endpoints.authority, &endpoints.graph)
    }

    /// The same by the two addresses alone.
    pub fn at(authority: &Url, graph: &Url) -> Self {
        let ends = |url: &Url, tail: &str| url.host_str().is_some_and(|host| host.ends_with(tail));
        if ends(authority, ".partner.microsoftonline.cn") || ends(authority, ".chinacloudapi.cn") {
            Self::China
        } else if !ends(authority, ".microsoftonline.us") {
            Self::Global
        } else if ends(graph, "dod-graph.microsoft.us") {
            Self::UsDod
        } else {
            Self::UsGov
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_tell_the_cloud() {
        for (authority, graph, expected) in [
            (
                "https://login.microsoftonline.com",
                "https://graph.microsoft.com",
                Cloud::Global,
            ),
            (
                "https://login.microsoftonline.us",
                "https://graph.microsoft.us",
                Cloud::UsGov,
            ),
            (
                "https://login.microsoftonline.us",
                "https://dod-graph.microsoft.us",
                Cloud::UsDod,
            ),
            (
                "https://login.partner.microsoftonline.cn",
                "https://microsoftgraph.chinacloudapi.cn",
                Cloud::China,
            ),
            (
                "http://127.0.0.1:8090",
                "http://127.0.0.1:8090",
                Cloud::Global,
            ),
        ] {
            let endpoints = Endpoints {
                authority: authority.parse().unwrap(),
                graph: graph.parse().unwrap(),
                ..Endpoints::global()
            };
            assert_eq!(Cloud::of(&endpoints), expected, "{authority}");
        }
    }
}
