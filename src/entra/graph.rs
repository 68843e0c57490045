//! The Microsoft Graph calls of "Validate Authentication" and of the diagnosis: reads, one request each, first page. What
//! "Disconnect" takes back is in [`deletions`].

mod answers;
mod deletions;
pub(super) mod failure;
mod lifetimes;
mod policies;

use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use url::Url;
use uuid::Uuid;

use super::reply::unanswered;
use super::{Entra, Exchange, Failure, Meaning, Operation};

pub use answers::{
    AppRole, DirectoryRole, Listing, Me, Organization, PermissionGrant, ResourceRoles, RiskyUser,
    ServicePrincipal, UserDates, VerifiedDomain,
};
pub use lifetimes::LifetimePolicy;
pub use policies::{AccessPolicy, PolicyState};

/// Graph as seen with one access token.
pub struct Graph<'a> {
    entra: &'a Entra,
    access_token: &'a SecretString,
}

impl Entra {
    /// Graph with an access token for it.
    pub fn graph<'a>(&'a self, access_token: &'a SecretString) -> Graph<'a> {
        Graph {
            entra: self,
            access_token,
        }
    }
}

impl Graph<'_> {
    /// The tenant that the token reaches.
    pub async fn organization(&self) -> Exchange<Organization> {
        let mut url = self.at("organization");
        query(
            &mut url,
            "$select",
            "id,displayName,verifiedDomains,onPremisesSyncEnabled",
        );
        let listed = self
            .get::<Listing<Organization>>(Operation::GraphOrganization, url)
            .await;
        Exchange {
            call: listed.call,
            outcome: listed.outcome.and_then(|listing| {
                listing.items.into_iter().next().ok_or_else(|| {
                    Failure::own(Meaning::Malformed, "Graph names no organisation.").into()
                })
            }),
        }
    }

    /// The account that the token stands for; delegated tokens only.
    pub async fn me(&self) -> Exchange<Me> {
        let mut url = self.at("me");
        query(&mut url, "$select", "id,userPrincipalName");
        self.get(Operation::GraphMe, url).await
    }

    /// Directory roles of the account, also through groups. Names only with `Directory.Read.All`.
    pub async fn my_directory_roles(&self) -> Exchange<Listing<DirectoryRole>> {
        let mut url = self.at("me/transitiveMemberOf/microsoft.graph.directoryRole");
        query(&mut url, "$select", "id,displayName,roleTemplateId");
        query(&mut url, "$count", "true");
        self.get(Operation::GraphDirectoryRoles, url).await
    }

    /// Delegated permissions granted to a service principal (its object id, not the application's).
    pub async fn permission_grants(
        &self,
        service_principal: Uuid,
    ) -> Exchange<Listing<PermissionGrant>> {
        let mut url = self.at("oauth2PermissionGrants");
        query(
            &mut url,
            "$filter",
            &format!("clientId eq '{service_principal}'"),
        );
        self.get(Operation::GraphPermissionGrants, url).await
    }

    /// Application permissions granted to a service principal (its object id).
    pub async fn app_roles(&self, service_principal: Uuid) -> Exchange<Listing<AppRole>> {
        let url = self.at(&format!(
            "servicePrincipals/{service_principal}/appRoleAssignments"
        ));
        self.get(Operation::GraphAppRoles, url).await
    }

    /// The application permissions that a resource offers, by the resource's application id.
    pub async fn resource_roles(&self, app_id: Uuid) -> Exchange<ResourceRoles> {
        let mut url = self.at(&format!("servicePrincipals(appId='{app_id}')"));
        query(&mut url, "$select", "id,appRoles");
        self.get(Operation::GraphAppRoles, url).await
    }

    /// Our enterprise application in the tenant; deleted: a failure `NotFound`.
    pub async fn service_principal(&self, client_id: Uuid) -> Exchange<ServicePrincipal> {
        let mut url = self.at(&format!("servicePrincipals(appId='{client_id}')"));
        let fields = "id,accountEnabled,appRoleAssignmentRequired,disabledByMicrosoftStatus";
        query(&mut url, "$select", fields);
        self.get(Operation::GraphServicePrincipal, url).await
    }

    /// The facts about an account that tell why its tokens died; needs `User.Read.All`.
    pub async fn user_dates(&self, oid: Uuid) -> Exchange<UserDates> {
        let mut url = self.at(&format!("users/{oid}"));
        let fields = "accountEnabled,lastPasswordChangeDateTime,signInSessionsValidFromDateTime,onPremisesSyncEnabled,assignedLicenses";
        query(&mut url, "$select", fields);
        self.get(Operation::GraphUserDates, url).await
    }

    /// What ID Protection says of an account; needs `IdentityRiskyUser.Read.All` and Entra ID P2. One never at risk: a
    /// failure `NotFound`.
    pub async fn risky_user(&self, oid: Uuid) -> Exchange<RiskyUser> {
        let mut url = self.at(&format!("identityProtection/riskyUsers/{oid}"));
        query(&mut url, "$select", "riskLevel,riskState");
        self.get(Operation::GraphRiskyUser, url).await
    }

    /// The tenant's Conditional Access policies; needs `Policy.Read.All`.
    pub async fn policies(&self) -> Exchange<Listing<AccessPolicy>> {
        let url = self.at("identity/conditionalAccess/policies");
        self.get(Operation::GraphPolicies, url).await
    }

    /// The tenant's token lifetime policies; needs `Policy.Read.All`.
    pub async fn lifetime_policies(&self) -> Exchange<Listing<LifetimePolicy>> {
        let url = self.at("policies/tokenLifetimePolicies");
        self.get(Operation::GraphLifetimePolicies, url).await
    }

    /// Those assigned to an application in the tenant; needs `Application.ReadWrite.All` besides.
    pub async fn assigned_lifetime_policies(
        &self,
        client_id: Uuid,
    ) -> Exchange<Listing<LifetimePolicy>> {
        let path = format!("servicePrincipals(appId='{client_id}')/tokenLifetimePolicies");
        self.get(Operation::GraphLifetimePolicies, self.at(&path))
            .await
    }

    fn at(&self, path: &str) -> Url {
        self.entra.inner.endpoints.of_graph(path)
    }

    async fn get<T: DeserializeOwned>(&self, operation: Operation, url: Url) -> Exchange<T> {
        let http = &self.entra.inner.http;
        let call = http.get(operation, url, Some(self.access_token)).await;
        let secrets = [self.access_token.expose_secret()];
        let outcome = match &call.reply {
            Err(meaning) => Err(unanswered(*meaning).into()),
            Ok(reply) if reply.status == 200 && reply.cut.is_none() => {
                serde_json::from_slice(&reply.body).map_err(|_| {
                    reply
                        .malformed("not what this Graph address gives", &secrets)
                        .into()
                })
            }
            Ok(reply) => Err(failure::read(reply, &secrets).into()),
        };
        Exchange {
            call: call.record,
            outcome,
        }
    }
}

fn query(url: &mut Url, name: &str, value: &str) {
    url.query_pairs_mut().append_pair(name, value);
}
