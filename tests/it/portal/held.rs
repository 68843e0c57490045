//! Sign-ins that wait for a technician's word.

use tenantry::domain::technician::Role;
use tenantry::storage::{ConnectionId, TenantId};

use crate::support::app::TestApp;
use crate::support::tenant;

async fn hold(app: &TestApp, tenant: TenantId, reason: &str) -> ConnectionId {
    let id = ConnectionId::new();
    sqlx::query(
        "with app as (insert into app_registrations (id, client_id, display_name, created_at, updated_at)
           values (gen_random_uuid(), gen_random_uuid(), 'Tenantry', now(), now())
           on conflict (cloud, tenant_id) where state = 'active' do update set updated_at = now() returning id)
         insert into connections (tenant_id, id, mode, state, state_since, pending_reason, entra_tenant_id, admin_oid,
           admin_username, admin_name, token_class, obtained_by, obtained_at, app_registration_id)
         select $1, $2, 'auth_token', 'pending', now(), $3, '11111111-2222-4333-8444-555555555555', gen_random_uuid(),
           'deputy@contoso.example', 'Dana Deputy', 'public', 'device_code', now(), app.id from app",
    )
    .bind(tenant.as_uuid())
    .bind(id.as_uuid())
    .bind(reason)
    .execute(&app.pool)
    .await
    .unwrap();
    id
}

#[tokio::test]
async fn who_signed_in_is_shown_and_confirmed() {
    let app = TestApp::start().await;
    let tenant = tenant::add(&app.pool, "contoso").await;
    let id = hold(&app, tenant, "awaiting_confirmation").await;
    let technician = app.login(Role::Technician).await;
    let page = technician.get("/tenants/contoso/invitations").await;
    for part in [
        "deputy@contoso.example",
        "Dana Deputy",
        "11111111-2222-4333-8444-555555555555",
        "Awaiting confirmation",
    ] {
        assert!(
            page.text().contains(part),
            "{part} is missing in {}",
            page.text()
        );
    }
    let settings = technician.get("/tenants/contoso/configuration/m365").await;
    assert!(
        settings.has("form[action$='/confirmation']"),
        "{}",
        settings.text()
    );
    let confirm = format!("/tenants/contoso/connections/{id}/confirmation");
    let done = technician
        .submit(&page, &format!("form[action='{confirm}']"), &[])
        .await;
    assert_eq!(
        done.location.as_deref(),
        Some("/tenants/contoso/configuration/m365")
    );
    assert_eq!(app.keeper.asked(), ["confirm_pending"]);
}

#[tokio::test]
async fn a_refusal_goes_to_the_keeper_too() {
    let app = TestApp::start().await;
    let tenant = tenant::add(&app.pool, "contoso").await;
    let id = hold(&app, tenant, "awaiting_confirmation").await;
    let technician = app.login(Role::Technician).await;
    let done = technician
        .post(&format!("/tenants/contoso/connections/{id}/rejection"), &[])
        .await;
    assert_eq!(done.status, 303);
    assert_eq!(app.keeper.asked(), ["reject_pending"]);
}

#[tokio::test]
async fn only_what_waits_for_confirmation_in_this_tenant_can_be_confirmed_and_not_by_viewers() {
    let app = TestApp::start().await;
    let tenant_id = tenant::add(&app.pool, "contoso").await;
    tenant::add(&app.pool, "fabrikam").await;
    let held = hold(&app, tenant_id, "awaiting_confirmation").await;
    let waiting = hold(&app, tenant_id, "awaiting_consent").await;
    let technician = app.login(Role::Technician).await;
    for path in [
        format!("/tenants/fabrikam/connections/{held}/confirmation"),
        format!("/tenants/contoso/connections/{waiting}/confirmation"),
        format!(
            "/tenants/contoso/connections/{}/rejection",
            ConnectionId::new()
        ),
        "/tenants/contoso/connections/x/confirmation".to_owned(),
    ] {
        assert_eq!(technician.post(&path, &[]).await.status, 404, "{path}");
    }
    let viewer = app.login(Role::Viewer).await;
    let path = format!("/tenants/contoso/connections/{held}/confirmation");
    assert_eq!(viewer.post(&path, &[]).await.status, 403);
    assert!(app.keeper.asked().is_empty());
}
