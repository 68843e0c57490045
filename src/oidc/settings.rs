//! Which provider, and by which name it knows a person. No request is made here.

use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

/// Whose word is taken, and as whom we ask.
#[derive(Clone, Debug)]
pub struct Settings {
    /// As configured, to the letter: issuers are compared as text.
    pub issuer: String,
    pub issuer_url: Url,
    pub kind: Kind,
    pub client_id: String,
    /// None for a public client, which has PKCE alone.
    pub client_secret: Option<SecretString>,
    pub scopes: Vec<String>,
    /// Exactly as registered at the provider.
    pub redirect_uri: Url,
    /// The claim with groups or roles; none looks at `roles`, then `groups`.
    pub groups_claim: Option<String>,
    /// Certificate authorities trusted besides the system's, PEM.
    pub extra_root_ca_pem: Option<Vec<u8>>,
}

/// By what a person is known for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Issuer and `sub`.
    Standard,
    /// Microsoft Entra: `tid` and `oid`, of these tenants alone.
    Entra { tenants: Vec<Uuid> },
}

/// What the path of Microsoft's issuers says: `/{tenant}/v2.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntraIssuer {
    One(Uuid),
    /// `organizations`: any tenant, which the settings must narrow down.
    Any,
    /// `common` and `consumers` let in personal accounts, of which nobody is in charge.
    Personal,
}

impl EntraIssuer {
    /// Whether this is an issuer of Microsoft's kind.
    pub fn of(issuer: &Url) -> Option<Self> {
        let mut segments = issuer.path_segments()?;
        match (segments.next()?, segments.next()?, segments.next()) {
            ("organizations", "v2.0", None) => Some(Self::Any),
            ("common" | "consumers", "v2.0", None) => Some(Self::Personal),
            (tenant, "v2.0", None) => Uuid::try_parse(tenant).ok().map(Self::One),
            _ => None,
        }
    }
}

impl Settings {
    /// The issuer as the provider's metadata name it: Microsoft's for several tenants is a template.
    pub(super) fn metadata_issuer(&self) -> String {
        match EntraIssuer::of(&self.issuer_url) {
            Some(EntraIssuer::Any) => self.issuer.replace("/organizations/", "/{tenantid}/"),
            _ => self.issuer.clone(),
        }
    }

    /// Whether this is the provider's own name for itself.
    pub(super) fn speaks_as(&self, issuer: &str) -> bool {
        let own = self.metadata_issuer();
        match &self.kind {
            Kind::Standard => own == issuer,
            Kind::Entra { tenants } => tenants
                .iter()
                .any(|tenant| own.replace("{tenantid}", &tenant.to_string()) == issuer),
        }
    }

    #[cfg(test)]
    pub(super) fn sample(issuer: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            issuer_url: issuer.parse().unwrap(),
            kind: Kind::Standard,
            client_id: "tenantry".into(),
            client_secret: None,
            scopes: vec!["openid".into()],
            redirect_uri: "https://portal.msp.example/login/return".parse().unwrap(),
            groups_claim: None,
            extra_root_ca_pem: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microsofts_issuers_are_known_by_their_path() {
        let of = |address: &str| EntraIssuer::of(&address.parse().unwrap());
        let tenant = "0a1b2c3d-0000-4000-8000-00000000a100";
        assert_eq!(
            of(&format!("https://login.microsoftonline.com/{tenant}/v2.0")),
            Some(EntraIssuer::One(tenant.parse().unwrap()))
        );
        assert_eq!(
            of("https://login.microsoftonline.us/organizations/v2.0"),
            Some(EntraIssuer::Any)
        );
        assert_eq!(
            of("https://login.microsoftonline.com/common/v2.0"),
            Some(EntraIssuer::Personal)
        );
        for other in [
            "https://id.example/",
            "https://id.example/realms/msp",
            "https://id.example/x/v2.0",
            "https://id.example/organizations/v2.0/more",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
