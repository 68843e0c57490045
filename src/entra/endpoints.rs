//! Where Microsoft is, and how its addresses are built. No request is made here.

use url::Url;
use uuid::Uuid;

use super::SetupError;

/// Where Microsoft is: the global cloud by default, another cloud by setting, the simulator in the demo.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// Sign-in host, e.g. `https://login.microsoftonline.com`. Plain http only for the simulator.
    pub authority: Url,
    /// Graph host, e.g. `https://graph.microsoft.com`.
    pub graph: Url,
    /// Certificate authorities trusted besides the system's, PEM (one or several).
    pub extra_root_ca_pem: Option<Vec<u8>>,
    /// Hosts whose device-login page may be shown to a customer, without port.
    pub verification_hosts: Vec<String>,
}

impl Endpoints {
    /// Microsoft's global cloud (also GCC).
    pub fn global() -> Self {
        Self {
            authority: constant("https://login.microsoftonline.com"),
            graph: constant("https://graph.microsoft.com"),
            extra_root_ca_pem: None,
            verification_hosts: [
                "microsoft.com",
                "www.microsoft.com",
                "login.microsoft.com",
                "login.microsoftonline.com",
            ]
            .map(String::from)
            .into(),
        }
    }

    /// Refuse addresses that could not be used or that would send secrets somewhere unintended.
    pub(super) fn check(&self) -> Result<(), SetupError> {
        for address in [&self.authority, &self.graph] {
            let usable = matches!(address.scheme(), "https" | "http")
                && address.has_host()
                && address.username().is_empty()
                && address.password().is_none()
                && address.query().is_none()
                && address.fragment().is_none();
            if !usable {
                return Err(SetupError::Address(address.to_string()));
            }
        }
        Ok(())
    }

    /// `{authority}/{segment}/{path}`.
    pub(super) fn at(&self, segment: &TenantSegment, path: &str) -> Url {
        let mut url = below(&self.authority, &segment.as_path());
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path.split('/'));
        }
        url
    }

    /// `{authority}/{path}`.
    pub(super) fn of_authority(&self, path: &str) -> Url {
        below(&self.authority, path)
    }

    /// `{graph}/v1.0/{path}`; the path's slashes separate segments.
    pub(super) fn of_graph(&self, path: &str) -> Url {
        below(&below(&self.graph, "v1.0"), path)
    }

    /// The issuer of a tenant's tokens, `{authority}/{tid}/v2.0`; `tenant` may be the literal `{tenantid}`.
    pub(super) fn issuer(&self, tenant: &str) -> String {
        let authority = self.authority.as_str().trim_end_matches('/');
        format!("{authority}/{tenant}/v2.0")
    }

    /// May a request go there?
    pub(super) fn allows(&self, url: &Url) -> bool {
        [&self.authority, &self.graph]
            .iter()
            .any(|known| known.origin() == url.origin())
    }

    /// May a customer be sent to this device-login page?
    pub(super) fn allows_verification(&self, page: &Url) -> bool {
        let secure = page.scheme() == "https"
            || (page.scheme() == "http" && self.authority.scheme() == "http");
        let listed = page.host_str().is_some_and(|host| {
            self.verification_hosts
                .iter()
                .any(|known| known.eq_ignore_ascii_case(host))
        });
        secure && listed && page.username().is_empty() && page.password().is_none()
    }
}

fn constant(address: &str) -> Url {
    Url::parse(address).expect("a constant that parses")
}

fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path.split('/'));
    }
    url
}

/// The tenant part of an address, `{t}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TenantSegment {
    /// Any work or school account: before the tenant is known.
    Organizations,
    /// The tenant's GUID: always, once known.
    Tenant(Uuid),
    /// A domain of the tenant, e.g. to learn the GUID.
    Domain(String),
}

impl TenantSegment {
    fn as_path(&self) -> String {
        match self {
            Self::Organizations => "organizations".into(),
            Self::Tenant(id) => id.to_string(),
            // One segment whatever was typed: a slash must not lead elsewhere on the host.
            Self::Domain(name) => name.trim().replace(['/', '\\', '?', '#', '%'], "_"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_follow_the_segment() {
        let global = Endpoints::global();
        let token = |segment| global.at(&segment, "oauth2/v2.0/token").to_string();
        assert_eq!(
            token(TenantSegment::Organizations),
            "https://login.microsoftonline.com/organizations/oauth2/v2.0/token"
        );
        assert_eq!(
            token(TenantSegment::Tenant(Uuid::nil())),
            "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/oauth2/v2.0/token"
        );
        assert_eq!(
            token(TenantSegment::Domain("contoso.example".into())),
            "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token"
        );
    }

    #[test]
    fn a_hostile_domain_stays_one_segment_of_the_authority() {
        for name in [
            "../evil",
            "a/b",
            "a?b#c",
            "//evil.example/",
            "..",
            "%2e%2e/x",
        ] {
            let url = Endpoints::global().at(&TenantSegment::Domain(name.into()), "v2.0/x");
            assert_eq!(url.host_str(), Some("login.microsoftonline.com"), "{name}");
            assert!(
                url.path().ends_with("/v2.0/x") && url.query().is_none(),
                "{url}"
            );
        }
    }

    #[test]
    fn an_authority_with_a_path_keeps_it() {
        let mut endpoints = Endpoints::global();
        endpoints.authority = Url::parse("http://127.0.0.1:9000/entra/").unwrap();
        assert_eq!(
            endpoints.of_authority("common/userrealm/").as_str(),
            "http://127.0.0.1:9000/entra/common/userrealm/"
        );
        assert_eq!(endpoints.issuer("t"), "http://127.0.0.1:9000/entra/t/v2.0");
    }

    #[test]
    fn only_listed_hosts_over_tls_are_shown_to_customers() {
        let global = Endpoints::global();
        let shown = |page: &str| global.allows_verification(&Url::parse(page).unwrap());
        assert!(shown("https://microsoft.com/devicelogin"));
        assert!(shown("https://login.microsoft.com/device"));
        assert!(!shown("http://microsoft.com/devicelogin"));
        assert!(!shown("https://microsoft.com.evil.example/devicelogin"));
        assert!(!shown("https://microsoft.com@evil.example/devicelogin"));
        assert!(!shown("https://me@microsoft.com/devicelogin"));
    }

    #[test]
    fn requests_leave_only_to_the_configured_hosts() {
        let global = Endpoints::global();
        let allowed = |url: &str| global.allows(&Url::parse(url).unwrap());
        assert!(allowed("https://graph.microsoft.com/v1.0/me"));
        assert!(!allowed("http://graph.microsoft.com/v1.0/me"));
        assert!(!allowed("https://graph.microsoft.com:8443/v1.0/me"));
        assert!(!allowed("https://graph.windows.net/me"));
    }
}
