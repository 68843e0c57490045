//! The Graph calls: reads, and what is taken back.

use base64::Engine;
use secrecy::SecretString;
use serde_json::json;
use tenantry::entra::Meaning;
use wiremock::{MockServer, ResponseTemplate};

use super::{CLIENT, TENANT, answering, entra, json_answer, only_request};

fn token() -> SecretString {
    "eyJ0.the-access-token".into()
}

async fn path_and_query(server: &MockServer) -> String {
    let (request, _) = only_request(server).await;
    let shown = request.headers.get("authorization").unwrap();
    assert_eq!(shown, "Bearer eyJ0.the-access-token");
    let query: Vec<_> = request
        .url
        .query_pairs()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("{}?{}", request.url.path(), query.join("&"))
}

#[tokio::test]
async fn the_organisation_is_the_first_of_its_listing() {
    let server = answering(json_answer(200, &json!({"value":[{"id":TENANT,"displayName":"Contoso",
        "verifiedDomains":[{"name":"contoso.example","isDefault":true,"isInitial":false,"type":"Managed"}],"onPremisesSyncEnabled":null}]})))
    .await;
    let found = entra(&server)
        .graph(&token())
        .organization()
        .await
        .outcome
        .unwrap();
    assert_eq!(found.id, TENANT);
    assert!(found.verified_domains[0].is_default && found.on_premises_sync_enabled.is_none());
    assert_eq!(
        path_and_query(&server).await,
        "/v1.0/organization?$select=id,displayName,verifiedDomains,onPremisesSyncEnabled"
    );
}

#[tokio::test]
async fn no_organisation_at_all_is_malformed() {
    let server = answering(json_answer(200, &json!({"value":[]}))).await;
    let failure = entra(&server)
        .graph(&token())
        .organization()
        .await
        .outcome
        .unwrap_err();
    assert_eq!(failure.meaning, Meaning::Malformed);
}

#[tokio::test]
async fn roles_and_grants_are_listed() {
    let server = answering(json_answer(200, &json!({"@odata.count":1,"value":[{"@odata.type":"#microsoft.graph.directoryRole","id":CLIENT,
        "roleTemplateId":"62e90394-69f5-4237-9190-012177145e10"}]})))
    .await;
    let roles = entra(&server)
        .graph(&token())
        .my_directory_roles()
        .await
        .outcome
        .unwrap();
    assert_eq!(
        (roles.items[0].display_name.as_deref(), roles.more),
        (None, false)
    );
    let asked = path_and_query(&server).await;
    assert!(
        asked.starts_with("/v1.0/me/transitiveMemberOf/microsoft.graph.directoryRole?"),
        "{asked}"
    );

    let server = answering(json_answer(
        200,
        &json!({"value":[{"id":"AAqj","consentType":"AllPrincipals","resourceId":TENANT,"scope":"User.Read"}]}),
    ))
    .await;
    let grants = entra(&server)
        .graph(&token())
        .permission_grants(CLIENT)
        .await
        .outcome
        .unwrap();
    assert_eq!(grants.items[0].scopes, ["User.Read"]);
    let asked = path_and_query(&server).await;
    assert_eq!(
        asked,
        format!("/v1.0/oauth2PermissionGrants?$filter=clientId eq '{CLIENT}'")
    );
}

#[tokio::test]
async fn a_deleted_enterprise_application_is_not_found() {
    let body = json!({"error":{"code":"Request_ResourceNotFound","message":"Resource does not exist.","innerError":
        {"date":"2026-03-02T08:15:42","request-id":"r-1","client-request-id":"c-1"}}});
    let server = answering(json_answer(404, &body)).await;
    let failure = entra(&server)
        .graph(&token())
        .service_principal(CLIENT)
        .await
        .outcome
        .unwrap_err();
    assert_eq!(failure.meaning, Meaning::NotFound);
    assert_eq!(failure.error.as_deref(), Some("Request_ResourceNotFound"));
    assert_eq!(failure.trace_id.as_deref(), Some("r-1"));
    assert_eq!(failure.correlation_id.as_deref(), Some("c-1"));
    let asked = path_and_query(&server).await;
    assert!(
        asked.starts_with(&format!("/v1.0/servicePrincipals(appId='{CLIENT}')?")),
        "{asked}"
    );
}

#[tokio::test]
async fn a_claims_challenge_is_decoded_and_the_token_masked() {
    let claims = r#"{"access_token":{"nbf":{"essential":true,"value":"1760000000"}}}"#;
    let encoded = base64::engine::general_purpose::STANDARD.encode(claims);
    let challenge = format!(r#"Bearer realm="", error="insufficient_claims", claims="{encoded}""#);
    let body = json!({"error":{"code":"InvalidAuthenticationToken","message":"bad eyJ0.the-access-token"}});
    let server =
        answering(json_answer(401, &body).insert_header("WWW-Authenticate", challenge)).await;
    let failure = entra(&server)
        .graph(&token())
        .me()
        .await
        .outcome
        .unwrap_err();
    assert_eq!(failure.meaning, Meaning::ClaimsChallenge);
    assert_eq!(failure.challenge.unwrap().to_json(), claims);
    assert!(
        !failure.raw.contains("the-access-token")
            && !failure.description.contains("the-access-token")
    );
}

#[tokio::test]
async fn an_answer_of_another_shape_is_malformed() {
    let server = answering(json_answer(200, &json!({"id":"no guid"}))).await;
    let failure = entra(&server)
        .graph(&token())
        .me()
        .await
        .outcome
        .unwrap_err();
    assert_eq!(
        (failure.meaning, failure.http_status),
        (Meaning::Malformed, Some(200))
    );
}

#[tokio::test]
async fn what_is_taken_back_is_deleted_and_a_refusal_keeps_its_meaning() {
    let server = answering(ResponseTemplate::new(204)).await;
    let token = token();
    let entra = entra(&server);
    let graph = entra.graph(&token);
    graph
        .delete_permission_grant("AA/qj")
        .await
        .outcome
        .unwrap();
    graph.delete_app_role(CLIENT, "r1").await.outcome.unwrap();
    graph
        .delete_service_principal(CLIENT)
        .await
        .outcome
        .unwrap();
    let asked = server.received_requests().await.unwrap();
    let asked: Vec<_> = asked
        .iter()
        .map(|one| format!("{} {}", one.method, one.url.path()))
        .collect();
    assert_eq!(
        asked,
        [
            "DELETE /v1.0/oauth2PermissionGrants/AA%2Fqj".to_owned(),
            format!("DELETE /v1.0/servicePrincipals/{CLIENT}/appRoleAssignments/r1"),
            format!("DELETE /v1.0/servicePrincipals(appId='{CLIENT}')"),
        ]
    );

    let body = json!({"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges."}});
    let server = answering(json_answer(403, &body)).await;
    let entra = self::entra(&server);
    let refused = entra.graph(&token).delete_service_principal(CLIENT).await;
    assert_eq!(refused.outcome.unwrap_err().meaning, Meaning::Denied);
}
