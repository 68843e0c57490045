//! Adding a tenant.

use tenantry::domain::technician::Role;

use super::Stage;
use crate::support::page::Page;

/// A form that would be taken.
const GOOD: [(&str, &str); 10] = [
    ("short_name", "contoso"),
    ("full_name", "Contoso Ltd"),
    ("domain", "contoso.com"),
    ("invitation_email", "it@contoso.com"),
    ("admin_username", "admin@contoso.com"),
    ("tags", "gold, emea"),
    ("resource_graph", "required"),
    ("resource_exchange", "required"),
    ("resource_teams", "off"),
    ("resource_azure", "optional"),
];

impl Stage {
    /// Send the good form with these fields replaced.
    pub(super) async fn add(&self, changes: &[(&str, &str)]) -> Page {
        let page = self.get("/tenants/new").await;
        let mut fields = GOOD.to_vec();
        for (name, value) in changes {
            fields.retain(|(known, _)| known != name);
            fields.push((name, value));
        }
        self.browser
            .submit(&page, "form[data-tenant]", &fields)
            .await
    }
}

#[tokio::test]
async fn two_names_are_enough() {
    let stage = Stage::empty().await;
    let page = stage.get("/tenants/new").await;
    let answer = stage
        .browser
        .submit(
            &page,
            "form[data-tenant]",
            &[("short_name", " Contoso "), ("full_name", " Contoso Ltd ")],
        )
        .await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(answer.location.as_deref(), Some("/tenants/contoso"));
    assert_eq!(
        stage.app.audit().await,
        ["tenant.added done"],
        "written before the portal is entered"
    );
    let portal = stage.browser.follow(answer).await;
    assert_eq!(
        portal.text_of("main [role=status]"),
        "Contoso Ltd was added. Invite its administrator next."
    );
    let stored: Vec<(String, bool)> =
        sqlx::query_as("select resource, required from tenant_resources order by resource")
            .fetch_all(&stage.app.pool)
            .await
            .unwrap();
    assert_eq!(
        stored,
        [
            ("azure".to_owned(), false),
            ("exchange".to_owned(), true),
            ("graph".to_owned(), true)
        ],
        "the usual resource set"
    );
}

#[tokio::test]
async fn everything_typed_is_stored() {
    let stage = Stage::empty().await;
    let answer = stage
        .add(&[
            ("domain", "Bücher.example"),
            ("tags", "Gold; emea gold"),
            ("resource_teams", "required"),
        ])
        .await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let stored: (String, String, String, String, String) = sqlx::query_as(
        "select full_name, domain, invitation_email, admin_username, state from tenants where short_name = 'contoso'",
    )
    .fetch_one(&stage.app.pool)
    .await
    .unwrap();
    assert_eq!(
        stored,
        (
            "Contoso Ltd".into(),
            "xn--bcher-kva.example".into(),
            "it@contoso.com".into(),
            "admin@contoso.com".into(),
            "active".into()
        )
    );
    let tags: Vec<String> = sqlx::query_scalar("select tag from tenant_tags order by tag")
        .fetch_all(&stage.app.pool)
        .await
        .unwrap();
    assert_eq!(tags, ["emea", "gold"]);
    assert_eq!(stage.details("tenant.added").await["short_name"], "contoso");
}

#[tokio::test]
async fn every_resource_says_what_it_is_for() {
    let stage = Stage::empty().await;
    let page = stage.get("/tenants/new").await;
    assert_eq!(
        page.texts(".resource legend"),
        [
            "Microsoft Graph",
            "Exchange Online",
            "Microsoft Teams",
            "Azure management"
        ]
    );
    assert!(
        page.text_of(".resource:nth-of-type(2) .reasons")
            .contains("to manage mailboxes")
    );
    assert_eq!(
        page.attributes(".resource input[checked]", "value"),
        ["required", "required", "off", "optional"]
    );
}

#[tokio::test]
async fn two_at_once_make_one_tenant() {
    let stage = Stage::empty().await;
    let (one, two) = tokio::join!(stage.add(&[]), stage.add(&[]));
    let mut answers = [one.status, two.status];
    answers.sort_unstable();
    assert_eq!(answers, [303, 422]);
    assert_eq!(stage.app.audit().await, ["tenant.added done"]);
}

#[tokio::test]
async fn a_viewer_may_not() {
    let stage = Stage::empty().await;
    let browser = stage.app.login(Role::Viewer).await;
    assert_eq!(browser.get("/tenants/new").await.status, 403);
    assert_eq!(browser.post("/tenants", &GOOD).await.status, 403);
    assert!(stage.everything().await.is_empty());
}

#[tokio::test]
async fn nobody_may_without_signing_in() {
    let stage = Stage::empty().await;
    let answer = stage.app.browser().post("/tenants", &GOOD).await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.location.as_deref(), Some("/login"));
    assert!(stage.everything().await.is_empty());
}
