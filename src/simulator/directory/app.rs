//! App registrations: what a client is called, how it may prove itself and what it asks for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::resource::Resource;

/// An app registration, as it stands in the home tenant of its owner.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    #[serde(default = "crate::clock::random_uuid")]
    pub client_id: Uuid,
    pub name: String,
    /// "Allow public client flows" (`isFallbackPublicClient`); without it the device code flow ends in 7000218.
    #[serde(default = "yes")]
    pub public_flows: bool,
    #[serde(default = "yes")]
    pub multi_tenant: bool,
    /// The only tenant that may use a registration that is not multi-tenant.
    #[serde(default)]
    pub home_tenant: Option<Uuid>,
    #[serde(default)]
    pub secrets: Vec<ClientSecret>,
    #[serde(default)]
    pub certificates: Vec<ClientCertificate>,
    /// Redirect URIs of platform "Web", compared exactly.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// `requiredResourceAccess`: what static consent (`.default`) grants.
    #[serde(default)]
    pub required: Vec<RequiredAccess>,
    /// A verified publisher: without one, users cannot consent to more than basic sign-in.
    #[serde(default = "yes")]
    pub verified_publisher: bool,
}

/// A client secret of a registration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSecret {
    #[serde(default = "crate::clock::random_uuid")]
    pub id: Uuid,
    pub value: String,
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
}

/// A certificate whose key may sign client assertions.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientCertificate {
    pub pem: String,
}

/// What a registration asks of one resource.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequiredAccess {
    pub resource: Resource,
    #[serde(default)]
    pub delegated: BTreeSet<String>,
    #[serde(default)]
    pub application: BTreeSet<String>,
}

impl App {
    /// Whether static consent would grant Graph application permissions, which only the two highest roles may do.
    pub fn wants_graph_application_permissions(&self) -> bool {
        self.required
            .iter()
            .any(|r| r.resource == Resource::Graph && !r.application.is_empty())
    }

    /// Whether anything of `resource` is declared.
    pub fn declares(&self, resource: Resource) -> bool {
        self.required.iter().any(|r| r.resource == resource)
    }
}

fn yes() -> bool {
    true
}
