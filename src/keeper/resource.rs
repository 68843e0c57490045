//! The resources that tokens are acquired for: their names, scopes and the permissions we need, each with its reason.
//! The portal shows this vocabulary; which resources a tenant needs is in `tenant_resources`.

use std::fmt;
use std::str::FromStr;

use uuid::{Uuid, uuid};

use crate::entra::Endpoints;

/// An API of Microsoft with access tokens of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    Graph,
    Exchange,
    Teams,
    Azure,
}

/// A permission that we ask for: delegated, or of the application itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    pub name: &'static str,
    /// What it is needed for, as shown to the customer's administrator.
    pub reason: &'static str,
}

/// A word that names no resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no resource: graph, exchange, teams or azure")]
pub struct UnknownResource(pub String);

/// What a sign-in asks for: who it was, a refresh token, and the least permission of Graph, so that the sign-in succeeds
/// also where an administrator has yet to consent to the rest.
pub fn sign_in_scope(endpoints: &Endpoints) -> String {
    format!(
        "openid profile offline_access {}/User.Read",
        Resource::Graph.uri(endpoints)
    )
}

impl Resource {
    /// Every resource, in the order in which they are acquired and shown.
    pub const ALL: [Self; 4] = [Self::Graph, Self::Exchange, Self::Teams, Self::Azure];

    /// As stored and as in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Graph => "graph",
            Self::Exchange => "exchange",
            Self::Teams => "teams",
            Self::Azure => "azure",
        }
    }

    /// As shown to people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Graph => "Microsoft Graph",
            Self::Exchange => "Exchange Online",
            Self::Teams => "Microsoft Teams",
            Self::Azure => "Azure management",
        }
    }

    /// The identifier that prefixes its scopes; Graph's differs per cloud.
    pub fn uri(self, endpoints: &Endpoints) -> String {
        match self {
            Self::Graph => endpoints.graph.as_str().trim_end_matches('/').to_owned(),
            Self::Exchange => "https://outlook.office365.com".into(),
            // Skype and Teams Tenant Admin API: it has no address, only an application id.
            Self::Teams => "48ac35b8-9aa8-4d74-927d-1f4a14a0b239".into(),
            Self::Azure => "https://management.azure.com".into(),
        }
    }

    /// Everything consented for this resource, and what keeps the refresh token and the identity coming.
    pub fn scope(self, endpoints: &Endpoints) -> String {
        format!(
            "{}/.default openid profile offline_access",
            self.uri(endpoints)
        )
    }

    /// Delegated permissions without which the resource is of no use to us.
    pub const fn required_permissions(self) -> &'static [Permission] {
        match self {
            Self::Graph => &[
                Permission {
                    name: "User.Read",
                    reason: "to know which account signed in",
                },
                Permission {
                    name: "Directory.Read.All",
                    reason: "to check the organisation, the account's roles and the consent given, and to say why a sign-in died",
                },
            ],
            Self::Exchange => &[Permission {
                name: "Exchange.Manage",
                reason: "to manage mailboxes on the administrator's behalf",
            }],
            Self::Teams => &[Permission {
                name: "user_impersonation",
                reason: "to manage Teams on the administrator's behalf",
            }],
            Self::Azure => &[Permission {
                name: "user_impersonation",
                reason: "to manage Azure subscriptions on the administrator's behalf",
            }],
        }
    }

    /// Application permissions (app roles) without which the resource is of no use to an app-only connection. Teams and Azure
    /// have none: there the application's directory or subscription roles decide.
    pub const fn required_application_permissions(self) -> &'static [Permission] {
        match self {
            Self::Graph => &[Permission {
                name: "Directory.Read.All",
                reason: "to check the organisation and the consent given, without any person's account",
            }],
            Self::Exchange => &[Permission {
                name: "Exchange.ManageAsApp",
                reason: "to manage mailboxes as the application (it also needs the Exchange Administrator role)",
            }],
            Self::Teams | Self::Azure => &[],
        }
    }

    /// The application id that Microsoft gave the resource, the same in every tenant.
    pub const fn app_id(self) -> Uuid {
        match self {
            Self::Graph => uuid!("00000003-0000-0000-c000-000000000000"),
            Self::Exchange => uuid!("00000002-0000-0ff1-ce00-000000000000"),
            Self::Teams => uuid!("48ac35b8-9aa8-4d74-927d-1f4a14a0b239"),
            Self::Azure => uuid!("797f4846-ba00-4fd7-ba43-dac1f8f63013"),
        }
    }

    /// The required application permissions that `granted` lacks; what names none says nothing.
    pub fn missing_as_app(self, granted: &[String]) -> Vec<&'static str> {
        lacking(self.required_application_permissions(), granted)
    }

    /// The required permissions that `granted` lacks. Scopes come with or without the resource's address; an answer that
    /// names none says nothing, and so nothing is missing.
    pub fn missing(self, granted: &[String]) -> Vec<&'static str> {
        lacking(self.required_permissions(), granted)
    }
}

fn lacking(required: &'static [Permission], granted: &[String]) -> Vec<&'static str> {
    let named: Vec<&str> = granted
        .iter()
        .map(|scope| {
            scope
                .rsplit_once('/')
                .map_or(scope.as_str(), |(_, name)| name)
        })
        .collect();
    if named.is_empty() {
        return Vec::new();
    }
    required
        .iter()
        .map(|permission| permission.name)
        .filter(|name| !named.iter().any(|known| known.eq_ignore_ascii_case(name)))
        .collect()
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Resource {
    type Err = UnknownResource;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|resource| resource.as_str() == text)
            .ok_or_else(|| UnknownResource(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_the_database() {
        for resource in Resource::ALL {
            assert_eq!(resource.as_str().parse(), Ok(resource));
        }
        assert!("sharepoint".parse::<Resource>().is_err());
    }

    #[test]
    fn graph_follows_the_cloud() {
        let global = Endpoints::global();
        assert_eq!(
            Resource::Graph.scope(&global),
            "https://graph.microsoft.com/.default openid profile offline_access"
        );
        assert_eq!(Resource::Graph.uri(&global), "https://graph.microsoft.com");
    }

    #[test]
    fn permissions_are_compared_without_address_and_case() {
        let granted = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let long = granted(&["openid", "https://graph.microsoft.com/user.read"]);
        assert_eq!(Resource::Graph.missing(&long), ["Directory.Read.All"]);
        let all = granted(&["User.Read", "Directory.Read.All"]);
        assert!(Resource::Graph.missing(&all).is_empty());
        assert!(Resource::Graph.missing(&[]).is_empty());
    }
}
