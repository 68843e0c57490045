//! The Graph calls of validation, their permissions and their failures.

use serde_json::json;
use tenantry::simulator::directory::{TenantPatch, resource};

use super::support::{ADMIN, Reply, USER, World, app, claims, low_risk};

async fn signed_in() -> (World, String) {
    let world = World::new().await;
    let reply = world.onboard().await;
    let token = reply.text("access_token").to_owned();
    (world, token)
}

fn code(reply: &Reply) -> (u16, &str, &str) {
    let error = &reply.body["error"];
    let text = |field: &str| error[field].as_str().unwrap_or_default();
    (reply.status, text("code"), text("message"))
}

#[tokio::test]
async fn organisation_me_and_roles() {
    let (world, token) = signed_in().await;
    let organisation = world
        .graph(
            "organization?$select=id,displayName,verifiedDomains",
            &token,
        )
        .await;
    let first = &organisation.body["value"][0];
    assert_eq!(first["id"], json!(world.tenant));
    assert_eq!(first["verifiedDomains"][1]["name"], "contoso.example");
    assert!(first.get("tenantType").is_none(), "not selected");

    let me = world.graph("me?$select=id,userPrincipalName", &token).await;
    assert_eq!(me.body["userPrincipalName"], ADMIN);
    let roles = world
        .graph(
            "me/transitiveMemberOf/microsoft.graph.directoryRole",
            &token,
        )
        .await;
    let role = &roles.body["value"][0];
    assert_eq!(
        role["roleTemplateId"],
        json!(resource::GLOBAL_ADMINISTRATOR)
    );

    let path = format!(
        "roleManagement/directory/transitiveRoleAssignments?$count=true&$filter=principalId eq '{}'",
        me.body["id"].as_str().unwrap()
    );
    let assignments = world.graph(&path, &token).await;
    assert_eq!(assignments.body["@odata.count"], 1);
}

#[tokio::test]
async fn grants_and_service_principal_of_the_application() {
    let (world, token) = signed_in().await;
    let path = format!("servicePrincipals(appId='{}')", world.client);
    let principal = world.graph(&path, &token).await;
    assert_eq!(principal.body["accountEnabled"], true);
    let id = principal.body["id"].as_str().unwrap();
    let grants = world
        .graph(
            &format!("oauth2PermissionGrants?$filter=clientId eq '{id}'"),
            &token,
        )
        .await;
    let grants = grants.body["value"].as_array().unwrap();
    assert!(grants.iter().all(|g| g["consentType"] == "AllPrincipals"));
    let scopes: Vec<_> = grants
        .iter()
        .map(|g| g["scope"].as_str().unwrap())
        .collect();
    assert!(scopes.contains(&"Exchange.Manage"), "{scopes:?}");

    let roles = world
        .graph(
            &format!("servicePrincipals/{id}/appRoleAssignments"),
            &token,
        )
        .await;
    let graph = world
        .graph(
            "servicePrincipals(appId='00000003-0000-0000-c000-000000000000')",
            &token,
        )
        .await;
    let names: Vec<_> = graph.body["appRoles"].as_array().unwrap().iter().collect();
    let assigned = &roles.body["value"][0]["appRoleId"];
    assert!(names.iter().any(|r| r["id"] == *assigned));

    world.kill("enterprise_app_deleted").await;
    let gone = world.graph(&path, &token).await;
    assert_eq!(gone.status, 404);
}

#[tokio::test]
async fn the_dates_of_a_user_say_why_tokens_died() {
    let (world, token) = signed_in().await;
    let me = world.graph("me", &token).await;
    let path = format!(
        "users/{}?$select=accountEnabled,lastPasswordChangeDateTime,signInSessionsValidFromDateTime",
        me.body["id"].as_str().unwrap()
    );
    world.kill("sessions_revoked").await;
    let dates = world.graph(&path, &token).await;
    assert_ne!(
        dates.body["lastPasswordChangeDateTime"],
        dates.body["signInSessionsValidFromDateTime"]
    );
    world.kill("password_change").await;
    let dates = world.graph(&path, &token).await;
    assert_eq!(
        dates.body["lastPasswordChangeDateTime"],
        dates.body["signInSessionsValidFromDateTime"]
    );
    assert_eq!(dates.body["accountEnabled"], true);
}

#[tokio::test]
async fn empty_cut_expired_and_misdirected_tokens() {
    let (world, token) = signed_in().await;
    let name = "InvalidAuthenticationToken";
    let cut = world.graph("me", "eyJ0.cut").await;
    assert_eq!(
        code(&cut),
        (
            401,
            name,
            "CompactToken parsing failed with error code: 80049217"
        )
    );
    assert!(cut.headers["www-authenticate"].starts_with("Bearer realm=\"\", authorization_uri="));
    assert!(cut.body["error"]["innerError"]["request-id"].is_string());

    let refresh = world.onboard().await;
    let exchange = world
        .refresh_for(
            refresh.text("refresh_token"),
            "https://outlook.office365.com/.default",
        )
        .await;
    let misdirected = world.graph("me", exchange.text("access_token")).await;
    assert_eq!(
        code(&misdirected),
        (
            401,
            name,
            "Access token validation failure. Invalid audience."
        )
    );

    world.pass(5401);
    let expired = world.graph("me", &token).await;
    assert_eq!(
        code(&expired),
        (
            401,
            name,
            "Lifetime validation failed, the token is expired."
        )
    );
}

#[tokio::test]
async fn what_was_not_granted_is_denied() {
    let world = World::new().await;
    world.directory().put_app(app(low_risk()));
    let token = world.onboard_as(USER).await;
    let token = token.text("access_token");
    assert_eq!(world.graph("me", token).await.status, 200);
    assert_eq!(world.graph("organization", token).await.status, 200);
    let denied = world.graph("oauth2PermissionGrants", token).await;
    let (status, name, _) = code(&denied);
    assert_eq!((status, name), (403, "Authorization_RequestDenied"));
}

#[tokio::test]
async fn the_sign_in_log_needs_its_permission_and_a_premium_tenant() {
    let world = World::new().await;
    let mut registration = app(low_risk());
    for required in &mut registration.required {
        required.delegated.insert("AuditLog.Read.All".to_owned());
    }
    world.directory().put_app(registration);
    let token = world.onboard().await;
    let token = token.text("access_token");
    let log = world.graph("auditLogs/signIns", token).await;
    let line = &log.body["value"][0];
    assert_eq!(line["userPrincipalName"], ADMIN);
    assert_eq!(line["originalTransferMethod"], "deviceCodeFlow");
    let correlation = line["correlationId"].as_str().unwrap();
    let path = format!("auditLogs/signIns?$filter=correlationId eq '{correlation}'");
    let one = world.graph(&path, token).await;
    assert_eq!(one.body["@odata.count"], 1);

    let basic = TenantPatch {
        premium: Some(false),
        ..TenantPatch::default()
    };
    world
        .directory()
        .patch_tenant("contoso.example", basic)
        .unwrap();
    let closed = world.graph("auditLogs/signIns", token).await;
    let (status, name, _) = code(&closed);
    assert_eq!(
        (status, name),
        (403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")
    );
}

#[tokio::test]
async fn throttling_and_outages_reach_graph_as_well() {
    let (world, token) = signed_in().await;
    world
        .control(
            "faults",
            json!({"area": "graph", "tenant": "contoso.example", "kind": "throttled", "retry_after": 9}),
        )
        .await;
    let throttled = world.graph("me", &token).await;
    assert_eq!(code(&throttled).1, "TooManyRequests");
    assert_eq!(throttled.headers["retry-after"], "9");
    assert_eq!(world.graph("me", &token).await.status, 200);
}

#[tokio::test]
async fn long_lived_tokens_are_challenged_once_the_account_changed() {
    let world = World::new().await;
    let first = world.onboard().await;
    let long = world
        .token(
            "organizations",
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", first.text("refresh_token")),
                ("scope", "User.Read"),
                (
                    "claims",
                    r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#,
                ),
            ],
        )
        .await;
    assert_eq!(
        world.graph("me", long.text("access_token")).await.status,
        200
    );
    world.pass(2);
    world.kill("sessions_revoked").await;
    let challenged = world.graph("me", long.text("access_token")).await;
    assert_eq!(challenged.status, 401);
    let header = &challenged.headers["www-authenticate"];
    assert!(
        header.contains("error=\"insufficient_claims\", claims=\""),
        "{header}"
    );
    assert_eq!(
        world.graph("me", first.text("access_token")).await.status,
        200,
        "ordinary tokens run out by themselves"
    );
}

#[tokio::test]
async fn userinfo_names_the_user() {
    let (world, token) = signed_in().await;
    let request = world
        .http
        .get(world.url("oidc/userinfo"))
        .bearer_auth(&token);
    let info = super::support::reply(request).await;
    assert_eq!(info.body["email"], ADMIN);
    assert!(claims(&token)["wids"].is_array());
}
