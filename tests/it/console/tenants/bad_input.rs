//! What the form of a new tenant refuses: each field empty, too long, wrong, taken and hostile.

use super::{HOSTILE, Stage, UNSEEN};

impl Stage {
    /// The form with these fields is refused at `field`, keeps what was typed, and nothing is stored.
    async fn refused(&self, field: &str, changes: &[(&str, &str)]) -> String {
        let before = self.everything().await;
        let page = self.add(changes).await;
        assert_eq!(page.status, 422, "{changes:?}");
        assert_eq!(
            page.attributes("[aria-invalid=true]", "name"),
            [field],
            "{changes:?}"
        );
        for (name, value) in changes {
            assert_eq!(page.value(name), *value, "what was typed stays");
        }
        assert!(!page.has("main script") && !page.has("main img"));
        assert_eq!(self.everything().await, before);
        assert!(
            !self
                .app
                .audit()
                .await
                .contains(&"tenant.added done".to_owned())
        );
        page.field_error(field)
    }
}

#[tokio::test]
async fn names_must_be_given() {
    let stage = Stage::empty().await;
    assert!(
        stage
            .refused("short_name", &[("short_name", "  ")])
            .await
            .starts_with("Enter a short name")
    );
    assert!(
        stage
            .refused("full_name", &[("full_name", "")])
            .await
            .starts_with("Enter the customer")
    );
}

#[tokio::test]
async fn what_is_too_long_says_how_long_it_may_be() {
    let stage = Stage::empty().await;
    let long = |n: usize| "x".repeat(n);
    assert!(
        stage
            .refused("short_name", &[("short_name", &long(33))])
            .await
            .contains("32")
    );
    assert!(
        stage
            .refused("full_name", &[("full_name", &long(201))])
            .await
            .contains("200")
    );
    assert!(
        stage
            .refused("tags", &[("tags", &long(41))])
            .await
            .contains("40")
    );
    let address = format!("{}@contoso.com", long(250));
    for field in ["invitation_email", "admin_username"] {
        assert!(
            stage
                .refused(field, &[(field, &address)])
                .await
                .contains("254")
        );
    }
    stage
        .refused("domain", &[("domain", &format!("{}.com", long(64)))])
        .await;
    let many: Vec<String> = (0..21).map(|n| format!("tag{n}")).collect();
    assert!(
        stage
            .refused("tags", &[("tags", &many.join(","))])
            .await
            .contains("at most 20")
    );
}

#[tokio::test]
async fn a_name_may_be_as_long_as_the_form_says() {
    let stage = Stage::empty().await;
    let answer = stage
        .add(&[
            ("short_name", &"x".repeat(32)),
            ("full_name", &"ü".repeat(200)),
            ("tags", &"t".repeat(40)),
        ])
        .await;
    assert_eq!(answer.status, 303, "{}", answer.text());
}

#[tokio::test]
async fn wrong_shapes_say_what_is_right() {
    let stage = Stage::empty().await;
    for wrong in [
        "con toso", "contoso!", "-contoso", "contoso-", "../etc", "cöntoso",
    ] {
        assert!(
            stage
                .refused("short_name", &[("short_name", wrong)])
                .await
                .contains("a–z")
        );
    }
    for wrong in [
        "contoso",
        "https://contoso.com",
        "contoso.com/login",
        "10.0.0.1",
    ] {
        assert!(
            stage
                .refused("domain", &[("domain", wrong)])
                .await
                .contains("contoso.com")
        );
    }
    for wrong in [
        "it",
        "a@b@c.com",
        "a@contoso",
        "a@x.com,b@x.com",
        "Ada <a@x.com>",
        "a..b@x.com",
    ] {
        for field in ["invitation_email", "admin_username"] {
            assert!(
                stage
                    .refused(field, &[(field, wrong)])
                    .await
                    .contains("@contoso.com")
            );
        }
    }
    assert!(
        stage
            .refused("tags", &[("tags", "ok,sch*n")])
            .await
            .contains("“sch*n”")
    );
}

#[tokio::test]
async fn hostile_text_is_refused_or_only_text() {
    let stage = Stage::empty().await;
    for field in [
        "short_name",
        "domain",
        "invitation_email",
        "admin_username",
        "tags",
    ] {
        stage.refused(field, &[(field, HOSTILE)]).await;
    }
    for field in [
        "short_name",
        "full_name",
        "domain",
        "invitation_email",
        "admin_username",
        "tags",
    ] {
        for unseen in UNSEEN {
            let page = stage.add(&[(field, unseen)]).await;
            assert_eq!(page.status, 422, "{field} {unseen:?}");
            assert_ne!(page.field_error(field), "", "{field} {unseen:?}");
        }
    }
    assert!(stage.everything().await.is_empty());
    let answer = stage.add(&[("full_name", HOSTILE)]).await;
    let portal = stage.browser.follow(answer).await;
    assert!(portal.text().contains(HOSTILE));
    assert!(!portal.has("main script") && !portal.has("body img[src=x]"));
}

#[tokio::test]
async fn a_set_without_a_required_resource_is_refused() {
    let stage = Stage::empty().await;
    let page = stage
        .add(&[
            ("resource_graph", "optional"),
            ("resource_exchange", "off"),
            ("resource_azure", "off"),
        ])
        .await;
    assert_eq!(page.status, 422);
    assert!(page.field_error("resources").contains("at least one"));
    assert_eq!(
        page.attributes(".resource input[checked]", "value"),
        ["optional", "off", "off", "off"],
        "what was chosen stays"
    );
    let page = stage.add(&[("resource_graph", "perhaps")]).await;
    assert_eq!(page.status, 422);
    assert!(
        page.field_error("resources")
            .contains("required, optional or off")
    );
    assert!(stage.everything().await.is_empty());
}

#[tokio::test]
async fn everything_wrong_is_said_at_once() {
    let stage = Stage::empty().await;
    let page = stage
        .add(&[
            ("short_name", ""),
            ("full_name", ""),
            ("domain", "x"),
            ("admin_username", "x"),
        ])
        .await;
    assert_eq!(
        page.attributes("[aria-invalid=true]", "name"),
        ["short_name", "full_name", "domain", "admin_username"]
    );
    assert!(page.text().contains("Nothing was added yet"));
}

#[tokio::test]
async fn a_form_of_nothing_is_a_form_with_everything_missing() {
    let stage = Stage::empty().await;
    let page = stage.browser.post("/tenants", &[]).await;
    assert_eq!(page.status, 422);
    assert_ne!(page.field_error("short_name"), "");
    assert_ne!(page.field_error("resources"), "");
}

#[tokio::test]
async fn a_taken_short_name_offers_a_free_one() {
    let stage = Stage::empty().await;
    stage.fleet.tenant("contoso", "Another Contoso").await;
    stage.fleet.tenant("contoso-2", "Yet another").await;
    let error = stage
        .refused("short_name", &[("short_name", "Contoso")])
        .await;
    assert_eq!(
        error,
        "Another tenant has this short name. contoso-3 is free."
    );
    assert_eq!(stage.add(&[("short_name", "contoso-3")]).await.status, 303);
}

#[tokio::test]
async fn an_archived_tenant_keeps_its_short_name() {
    let stage = Stage::empty().await;
    let left = stage.fleet.tenant("contoso", "Contoso").await;
    stage.fleet.change_tenant(left, "state = 'archived'").await;
    let error = stage
        .refused("short_name", &[("short_name", "contoso")])
        .await;
    assert!(error.contains("contoso-2 is free"), "{error}");
}

#[tokio::test]
async fn a_tenant_does_not_take_the_place_of_a_page() {
    let stage = Stage::empty().await;
    for word in ["new", "New", "import", "export"] {
        assert!(
            stage
                .refused("short_name", &[("short_name", word)])
                .await
                .contains("another")
        );
    }
}
