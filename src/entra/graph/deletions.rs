//! What is taken back at "Disconnect": consent to delegated permissions, application permissions, our enterprise
//! application. One object each; what is not there any more is a failure `NotFound`, a missing permission one `Denied`.
//!
//! Microsoft Graph v1.0: "Delete oAuth2PermissionGrant", "Delete appRoleAssignment", "Delete servicePrincipal". Access tokens
//! that were issued before stay good to their end. `revokeSignInSessions` is not here on purpose: it would end all other
//! logins of the administrator.

use secrecy::ExposeSecret;
use url::Url;
use uuid::Uuid;

use super::{Graph, failure};
use crate::entra::reply::unanswered;
use crate::entra::{Exchange, Operation};

impl Graph<'_> {
    /// Needs `DelegatedPermissionGrant.ReadWrite.All`, and of a person a role like Cloud Application Administrator.
    pub async fn delete_permission_grant(&self, id: &str) -> Exchange<()> {
        let mut url = self.at("oauth2PermissionGrants");
        below(&mut url, id);
        self.delete(Operation::GraphDeletePermissionGrant, url)
            .await
    }

    /// Needs `AppRoleAssignment.ReadWrite.All`. `service_principal` is an object id.
    pub async fn delete_app_role(&self, service_principal: Uuid, id: &str) -> Exchange<()> {
        let mut url = self.at(&format!(
            "servicePrincipals/{service_principal}/appRoleAssignments"
        ));
        below(&mut url, id);
        self.delete(Operation::GraphDeleteAppRole, url).await
    }

    /// The enterprise application of this client id, with every consent given to it. Needs `Application.ReadWrite.All`.
    pub async fn delete_service_principal(&self, client_id: Uuid) -> Exchange<()> {
        let url = self.at(&format!("servicePrincipals(appId='{client_id}')"));
        self.delete(Operation::GraphDeleteServicePrincipal, url)
            .await
    }

    async fn delete(&self, operation: Operation, url: Url) -> Exchange<()> {
        let http = &self.entra.inner.http;
        let call = http.delete(operation, url, self.access_token).await;
        let secrets = [self.access_token.expose_secret()];
        let outcome = match &call.reply {
            Err(meaning) => Err(unanswered(*meaning).into()),
            Ok(reply) if matches!(reply.status, 200 | 204) => Ok(()),
            Ok(reply) => Err(failure::read(reply, &secrets).into()),
        };
        Exchange {
            call: call.record,
            outcome,
        }
    }
}

/// The id as Graph gave it, as one more segment of the path: encoded, whatever it holds.
fn below(url: &mut Url, id: &str) {
    // Only an address without a host has no segments.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.push(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_segment_whatever_it_holds() {
        let mut url = Url::parse("https://graph.example/v1.0/oauth2PermissionGrants").unwrap();
        below(&mut url, "../organization?x=1");
        assert_eq!(
            url.as_str(),
            "https://graph.example/v1.0/oauth2PermissionGrants/..%2Forganization%3Fx=1"
        );
    }
}
