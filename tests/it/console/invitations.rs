//! "Pending Invitations": every tenant's, with columns, filters and the Auth URL.

use tenantry::domain::technician::Role;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::tenant;

const LIST: &str = "/monitoring/customer/pending-invitations";

async fn invite(technician: &Browser, tenant: &str, admin: &str) {
    let dialog = technician
        .get(&format!("/tenants/{tenant}/invitations/new"))
        .await;
    let made = technician
        .submit(&dialog, "dialog form.stack", &[("admin_username", admin)])
        .await;
    assert_eq!(made.status, 303, "{}", made.text());
}

#[tokio::test]
async fn nobody_sees_it_without_a_login() {
    let app = TestApp::start().await;
    let page = app.browser().get(LIST).await;
    assert_eq!(page.status, 303);
    assert!(page.location.unwrap().starts_with("/login"));
}

#[tokio::test]
async fn an_empty_list_says_what_to_do() {
    let app = TestApp::start().await;
    let page = app.login(Role::Technician).await.get(LIST).await;
    assert!(page.text().contains("No invitation is pending"));
    assert!(page.text().contains("Renew"));
}

#[tokio::test]
async fn the_columns_have_their_names_and_values() {
    let app = TestApp::start().await;
    let technician = app.login(Role::Technician).await;
    tenant::add(&app.pool, "contoso").await;
    invite(&technician, "contoso", "admin@contoso.example").await;
    let page = technician.get(LIST).await;
    let columns = page.texts("thead th");
    assert_eq!(
        columns[..10],
        [
            "ID",
            "Full Name",
            "Invitation Email",
            "M365 Admin Email",
            "Email Sent",
            "Email Invitation Sent Count",
            "Created at",
            "Expires at",
            "Device Authenticated",
            "Status"
        ]
    );
    let cells = page.texts("tbody td");
    assert_eq!(cells[0], "contoso");
    assert_eq!(cells[1], "contoso Ltd");
    assert_eq!(cells[3], "admin@contoso.example");
    assert_eq!(
        (cells[4].as_str(), cells[5].as_str(), cells[8].as_str()),
        ("No", "0", "No")
    );
    assert_eq!(cells[9], "Open");
    assert_eq!(page.texts("[data-auth-url]"), ["Auth URL"]);
}

#[tokio::test]
async fn filters_and_search_show_what_they_say() {
    let app = TestApp::start().await;
    let technician = app.login(Role::Technician).await;
    for name in ["contoso", "fabrikam"] {
        tenant::add(&app.pool, name).await;
        invite(&technician, name, "").await;
    }
    sqlx::query("update invitations set state = 'revoked', ended_at = now() where tenant_id = (select id from tenants where short_name = 'fabrikam')")
        .execute(&app.pool)
        .await
        .unwrap();
    for (query, expected) in [
        ("", vec!["contoso"]),
        ("?state=open", vec!["contoso"]),
        ("?state=revoked", vec!["fabrikam"]),
        ("?state=all", vec!["fabrikam", "contoso"]),
        ("?state=completed", vec![]),
        ("?state=nonsense", vec![]),
        ("?state=all&q=FABRIKAM", vec!["fabrikam"]),
        ("?state=all&q=%25", vec![]),
        ("?q=%27%22%3E%3Cscript%3E", vec![]),
    ] {
        let page = technician.get(&format!("{LIST}{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        assert_eq!(page.texts("tbody tr td:first-child"), expected, "{query}");
        assert!(!page.body.contains("\"><script>"), "{query}");
    }
    let page = technician.get(LIST).await;
    assert!(
        page.texts(".chip").contains(&"Revoked 1".to_owned()),
        "{:?}",
        page.texts(".chip")
    );
}

#[tokio::test]
async fn old_names_lead_here() {
    let app = TestApp::start().await;
    let browser = app.browser();
    for old in [
        "/security/customer-invitations",
        "/monitoring/customer-invitations",
    ] {
        assert_eq!(browser.get(old).await.location.as_deref(), Some(LIST));
    }
}

#[tokio::test]
async fn a_viewer_sees_the_list_without_links_and_actions() {
    let app = TestApp::start().await;
    let technician = app.login(Role::Technician).await;
    tenant::add(&app.pool, "contoso").await;
    invite(&technician, "contoso", "").await;
    let page = app.login(Role::Viewer).await.get(LIST).await;
    assert_eq!(page.texts("tbody tr").len(), 1);
    assert!(!page.has("[data-auth-url]") && !page.has("td form"));
}
