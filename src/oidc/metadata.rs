//! What a provider says of itself at `/.well-known/openid-configuration` (OpenID Connect Discovery section 4), as far as a
//! sign-on by code needs it.

use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};
use url::Url;

use super::id_token::text;
use super::{ProviderError, Settings};
use crate::outbound;

/// The methods of signature that we accept.
const OURS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256];

/// Read and checked once per fetch.
#[derive(Clone, Debug)]
pub(super) struct Metadata {
    pub authorization_endpoint: Url,
    pub token_endpoint: Url,
    pub jwks_uri: Url,
    /// The provider's methods of signature among ours.
    pub algorithms: Vec<Algorithm>,
    /// It puts `iss` into every answer (RFC 9207), so that one without is not its own.
    pub tells_issuer: bool,
    /// It says that it knows PKCE with S256. Microsoft knows it and does not say so.
    pub says_s256: bool,
    pub wants_secret_in_body: bool,
}

/// Where the document is.
pub(super) fn address(issuer: &str) -> Option<Url> {
    let base = issuer.trim_end_matches('/');
    Url::parse(&format!("{base}/.well-known/openid-configuration")).ok()
}

impl Metadata {
    pub fn read(fields: &Map<String, Value>, settings: &Settings) -> Result<Self, ProviderError> {
        // The document's own issuer must be the one that was asked (section 4.3): another could speak for it.
        if text(fields, "issuer") != Some(settings.metadata_issuer().as_str()) {
            return Err(ProviderError::Unfit("it calls itself by another issuer"));
        }
        let all_https = !outbound::is_loopback(&settings.issuer_url);
        let endpoint = |name| {
            text(fields, name)
                .and_then(|address| Url::parse(address).ok())
                .filter(|url| usable(url, all_https))
                .ok_or(ProviderError::Unfit(
                    "an address of it is missing or not https",
                ))
        };
        let lists = |name: &str, wanted: &str| {
            let list = fields.get(name).and_then(Value::as_array);
            list.map(|list| list.iter().any(|value| value == wanted))
        };
        let says_s256 = lists("code_challenge_methods_supported", "S256");
        if says_s256 == Some(false) {
            return Err(ProviderError::Unfit("it does not offer PKCE with S256"));
        }
        // Absent means RS256 to many providers; the registration is what counts.
        let algorithms: Vec<_> = OURS
            .into_iter()
            .filter(|one| {
                lists("id_token_signing_alg_values_supported", &format!("{one:?}")) != Some(false)
            })
            .collect();
        if algorithms.is_empty() {
            return Err(ProviderError::Unfit(
                "it signs by no method that is accepted",
            ));
        }
        let methods = "token_endpoint_auth_methods_supported";
        let basic = lists(methods, "client_secret_basic") != Some(false);
        Ok(Self {
            authorization_endpoint: endpoint("authorization_endpoint")?,
            token_endpoint: endpoint("token_endpoint")?,
            jwks_uri: endpoint("jwks_uri")?,
            algorithms,
            tells_issuer: fields
                .get("authorization_response_iss_parameter_supported")
                .is_some_and(|says| *says == true),
            says_s256: says_s256 == Some(true),
            wants_secret_in_body: !basic,
        })
    }
}

fn usable(url: &Url, all_https: bool) -> bool {
    let secure = url.scheme() == "https"
        || (!all_https && url.scheme() == "http" && outbound::is_loopback(url));
    secure && url.has_host() && url.username().is_empty() && url.password().is_none()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(issuer: &str, change: &Value) -> Result<Metadata, ProviderError> {
        let mut document = json!({
            "issuer": issuer,
            "authorization_endpoint": "https://id.example/authorize?realm=a",
            "token_endpoint": "https://tokens.id.example/token",
            "jwks_uri": "https://id.example/keys",
        });
        for (name, value) in change.as_object().unwrap() {
            document[name] = value.clone();
        }
        Metadata::read(document.as_object().unwrap(), &Settings::sample(issuer))
    }

    #[test]
    fn a_document_without_claims_about_itself_will_do() {
        let read = read("https://id.example/", &json!({})).unwrap();
        assert_eq!(read.algorithms, OURS);
        assert!(!read.says_s256 && !read.tells_issuer && !read.wants_secret_in_body);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for change in [
            json!({"issuer": "https://id.example"}),
            json!({"issuer": "https://evil.example/"}),
            json!({"token_endpoint": "http://id.example/token"}),
            json!({"token_endpoint": "https://me:pw@id.example/token"}),
            json!({"jwks_uri": null}),
            json!({"authorization_endpoint": "javascript:alert(1)"}),
            json!({"code_challenge_methods_supported": ["plain"]}),
            json!({"id_token_signing_alg_values_supported": ["HS256"]}),
        ] {
            assert!(read("https://id.example/", &change).is_err(), "{change}");
        }
    }

    #[test]
    fn microsofts_document_for_several_tenants_is_a_template() {
        let shared = "https://login.microsoftonline.com/organizations/v2.0";
        let template = json!({"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"});
        assert!(read(shared, &template).is_ok());
        assert!(read(shared, &json!({})).is_err());
        assert_eq!(
            address(shared).unwrap().as_str(),
            "https://login.microsoftonline.com/organizations/v2.0/.well-known/openid-configuration"
        );
    }
}
