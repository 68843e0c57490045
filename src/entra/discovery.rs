//! What can be learned without a token: a domain's tenant and cloud (OpenID metadata), and who checks its passwords
//! (user realm). Both are hints for people and forms, never proof of who signed in.

use serde_json::{Map, Value};
use url::Url;
use uuid::Uuid;

use super::wire::text;
use super::{Entra, Exchange, Operation, TenantSegment};

/// Where a domain lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedTenant {
    pub tenant_id: Uuid,
    /// `tenant_region_scope`, e.g. `EU`.
    pub region: Option<String>,
    /// `cloud_instance_name`, e.g. `microsoftonline.com`.
    pub cloud: Option<String>,
}

/// Who checks the passwords of an account's domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realm {
    pub kind: RealmKind,
    /// Absent for an unknown domain.
    pub domain: Option<String>,
    pub brand: Option<String>,
    /// `WSTrust`, `SAML20`, … of a federated domain.
    pub federation_protocol: Option<String>,
    /// Sign-in page of a federated domain.
    pub auth_url: Option<Url>,
}

/// See [`Realm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RealmKind {
    /// Entra checks the password.
    Managed,
    /// Another identity provider does (AD FS, Okta, …).
    Federated,
    /// Nothing is registered: a typo, or not Microsoft.
    Unknown,
}

impl Entra {
    /// The tenant behind a domain. An unknown one is a failure with `error` `invalid_tenant` (90002, 900023).
    pub async fn resolve_tenant(&self, domain: &str) -> Exchange<ResolvedTenant> {
        let segment = TenantSegment::Domain(domain.to_owned());
        let endpoints = &self.inner.endpoints;
        let url = endpoints.at(&segment, "v2.0/.well-known/openid-configuration");
        let http = &self.inner.http;
        http.get(Operation::Metadata, url, None)
            .await
            .read(&[], resolved)
    }

    /// How the account's domain signs in.
    pub async fn user_realm(&self, upn: &str) -> Exchange<Realm> {
        let mut url = self.inner.endpoints.of_authority("common/userrealm/");
        url.query_pairs_mut()
            .append_pair("user", upn)
            .append_pair("api-version", "2.1")
            .append_pair("checkForMicrosoftAccount", "false");
        let http = &self.inner.http;
        http.get(Operation::UserRealm, url, None)
            .await
            .read(&[], realm)
    }
}

pub(super) fn resolved(fields: &Map<String, Value>) -> Result<ResolvedTenant, &'static str> {
    let tenant_id = ["token_endpoint", "issuer"]
        .iter()
        .filter_map(|name| Url::parse(&text(fields, name)?).ok())
        .find_map(|url| {
            url.path_segments()?
                .find_map(|segment| segment.parse().ok())
        })
        .ok_or("neither token_endpoint nor issuer names a tenant")?;
    Ok(ResolvedTenant {
        tenant_id,
        region: text(fields, "tenant_region_scope"),
        cloud: text(fields, "cloud_instance_name"),
    })
}

pub(super) fn realm(fields: &Map<String, Value>) -> Result<Realm, &'static str> {
    let kind = text(fields, "NameSpaceType")
        .or_else(|| text(fields, "account_type"))
        .ok_or("no NameSpaceType")?;
    Ok(Realm {
        kind: match kind.to_ascii_lowercase().as_str() {
            "managed" => RealmKind::Managed,
            "federated" => RealmKind::Federated,
            _ => RealmKind::Unknown,
        },
        domain: text(fields, "DomainName").or_else(|| text(fields, "domain_name")),
        brand: text(fields, "FederationBrandName"),
        federation_protocol: text(fields, "federation_protocol"),
        auth_url: text(fields, "AuthURL").and_then(|page| Url::parse(&page).ok()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_tenant_is_read_from_token_endpoint_or_issuer() {
        let id = "0a1b2c3d-0000-4000-8000-00000000a100";
        for answer in [
            json!({"token_endpoint":format!("https://login.example/{id}/oauth2/v2.0/token"),"tenant_region_scope":"EU","cloud_instance_name":"microsoftonline.com"}),
            json!({"token_endpoint":7,"issuer":format!("https://login.example/{id}/v2.0"),"tenant_region_scope":"EU","cloud_instance_name":"microsoftonline.com"}),
        ] {
            let read = resolved(answer.as_object().unwrap()).unwrap();
            assert_eq!(read.tenant_id.to_string(), id);
            assert_eq!(
                (read.region.as_deref(), read.cloud.as_deref()),
                (Some("EU"), Some("microsoftonline.com"))
            );
        }
        let common = json!({"issuer":"https://login.example/{tenantid}/v2.0"});
        assert!(resolved(common.as_object().unwrap()).is_err());
    }

    #[test]
    fn realms_are_read_in_both_versions_and_any_case() {
        let read = |value: Value| realm(value.as_object().unwrap());
        let managed = read(json!({"NameSpaceType":"Managed","DomainName":"contoso.example","FederationBrandName":"Contoso"})).unwrap();
        assert_eq!(
            (managed.kind, managed.brand.as_deref()),
            (RealmKind::Managed, Some("Contoso"))
        );
        let federated = read(json!({"NameSpaceType":"Federated","DomainName":"f.example","federation_protocol":"SAML20","AuthURL":"https://idp.example/saml"})).unwrap();
        assert_eq!(federated.kind, RealmKind::Federated);
        assert_eq!(federated.auth_url.unwrap().host_str(), Some("idp.example"));
        assert_eq!(
            read(json!({"account_type":"federated","domain_name":"f.example"}))
                .unwrap()
                .kind,
            RealmKind::Federated
        );
        let unknown = read(json!({"NameSpaceType":"Unknown"})).unwrap();
        assert_eq!((unknown.kind, unknown.domain), (RealmKind::Unknown, None));
        assert!(read(json!({})).is_err());
    }
}
