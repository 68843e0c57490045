//! Realm and tenant of a domain.

use serde_json::json;
use tenantry::entra::{Certainty, Meaning, RealmKind};

use super::{TENANT, answering, entra, entra_error, json_answer, only_request};

#[tokio::test]
async fn a_domain_leads_to_its_tenant() {
    let server = answering(json_answer(200, &json!({"token_endpoint":format!("https://l.example/{TENANT}/oauth2/v2.0/token"),"tenant_region_scope":"EU"}))).await;
    let found = entra(&server)
        .resolve_tenant("contoso.example")
        .await
        .outcome
        .unwrap();
    assert_eq!(
        (found.tenant_id, found.region.as_deref()),
        (TENANT, Some("EU"))
    );
    let (request, _) = only_request(&server).await;
    assert_eq!(
        request.url.path(),
        "/contoso.example/v2.0/.well-known/openid-configuration"
    );
}

#[tokio::test]
async fn an_unknown_domain_is_a_refusal_that_may_pass() {
    let server = answering(json_answer(400, &entra_error("invalid_tenant", 90002, ""))).await;
    let failure = entra(&server)
        .resolve_tenant("nowhere.example")
        .await
        .outcome
        .unwrap_err();
    assert_eq!(failure.meaning, Meaning::Rejected(Certainty::Ambiguous));
    assert_eq!(failure.code(), Some(90002));
}

#[tokio::test]
async fn the_realm_of_an_account_is_asked_for_by_its_name() {
    let server = answering(json_answer(200, &json!({"NameSpaceType":"Federated","DomainName":"contoso.example","federation_protocol":"WSTrust"}))).await;
    let realm = entra(&server)
        .user_realm("ada+x@contoso.example")
        .await
        .outcome
        .unwrap();
    assert_eq!(realm.kind, RealmKind::Federated);
    let (request, _) = only_request(&server).await;
    assert_eq!(request.url.path(), "/common/userrealm/");
    let user = request
        .url
        .query_pairs()
        .find(|(name, _)| name == "user")
        .unwrap()
        .1;
    assert_eq!(user, "ada+x@contoso.example");
}
