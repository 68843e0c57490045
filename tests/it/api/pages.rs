//! The page "API keys": a key is made and shown once, changed, rotated, stopped; each sees their own, admins see all.

use tenantry::domain::technician::Role;

use super::stage::Script;
use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::fleet::Fleet;

const FIELDS: [(&str, &str); 7] = [
    ("name", "Nightly report"),
    ("scope", "tenants:read"),
    ("scope", "access-tokens:create"),
    ("resource", "graph"),
    ("reach", "only"),
    ("tenants", "ashgrove"),
    ("days", "30"),
];

async fn stage() -> TestApp {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    fleet.tenant("ashgrove", "Ashgrove Veterinary").await;
    app
}

/// Make a key by the page; its address and a script that has it.
async fn make(app: &TestApp, browser: &Browser) -> (String, Script) {
    let made = browser.post("/security/api-keys", &FIELDS).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let secret = made.attributes("#api-key", "value").remove(0);
    let to = made.attributes("a.button", "href");
    let href = to
        .iter()
        .find(|to| to.starts_with("/security/api-keys/"))
        .unwrap();
    (href.clone(), Script::new(&app.app.site.base_url, &secret))
}

#[tokio::test]
async fn a_key_is_made_shown_once_and_works() {
    let app = stage().await;
    let robin = app.login(Role::Technician).await;
    let (href, script) = make(&app, &robin).await;
    let told = script.get("/api/v1/key").await.json();
    assert_eq!(
        (told["name"].as_str(), told["tenants"].as_i64()),
        (Some("Nightly report"), Some(1))
    );
    for path in [href.as_str(), "/security/api-keys"] {
        let page = robin.get(path).await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains("Nightly report"));
        assert!(!page.body.contains(&script.key), "{path}");
    }
    assert!(robin.get(&href).await.text().contains("127.0.0.1"));
    assert_eq!(app.audit().await, ["api_key.created done"]);
}

#[tokio::test]
async fn each_key_of_somebody_has_a_name_of_its_own() {
    let app = stage().await;
    let robin = app.login(Role::Technician).await;
    let (href, _) = make(&app, &robin).await;
    let again = robin.post("/security/api-keys", &FIELDS).await;
    assert_eq!(again.status, 422);
    assert!(
        again
            .text_of("#name-error")
            .contains("Another of your keys")
    );
    let mut fields = FIELDS.to_vec();
    fields.retain(|(name, _)| *name != "days");
    let same = robin.post(&href, &fields).await;
    assert_eq!(same.status, 303, "it may keep its own: {}", same.text());
    robin.post(&format!("{href}/revocation"), &[]).await;
    make(&app, &robin).await;
}

#[tokio::test]
async fn of_ten_that_are_made_at_once_with_one_name_one_is() {
    let app = stage().await;
    let robin = app.login(Role::Technician).await;
    let robin = &robin;
    let made = (0..10).map(|_| async { robin.post("/security/api-keys", &FIELDS).await.status });
    let mut made = futures_util::future::join_all(made).await;
    made.sort_unstable();
    assert_eq!(made, [[200].as_slice(), &[422; 9]].concat());
}

#[tokio::test]
async fn a_form_that_is_behind_changes_and_rotates_nothing() {
    let app = stage().await;
    let robin = app.login(Role::Technician).await;
    let (href, script) = make(&app, &robin).await;
    let seen = robin
        .get(&href)
        .await
        .attributes("input[name=version]", "value")[0]
        .clone();
    let mut fields = FIELDS.to_vec();
    fields.retain(|(name, _)| *name != "days" && *name != "networks");
    fields.push(("version", &seen));
    let mut narrow = fields.clone();
    narrow.push(("networks", "192.0.2.0/24"));
    assert_eq!(robin.post(&href, &narrow).await.status, 303);
    let behind = robin.post(&href, &fields).await;
    assert_eq!(behind.status, 409);
    assert!(
        behind.text().contains("Nothing was saved"),
        "{}",
        behind.text()
    );
    assert_eq!(script.get("/api/v1/key").await.status, 403, "still narrow");
    let rotation = [("version", seen.as_str()), ("days", "90"), ("overlap", "7")];
    let twice = robin.post(&format!("{href}/rotation"), &rotation).await;
    assert_eq!(twice.status, 409);
    // What was typed is there, on the key as it is now.
    let now = behind.attributes("input[name=version]", "value")[0].clone();
    fields.retain(|(name, _)| *name != "version");
    fields.push(("version", &now));
    assert_eq!(robin.post(&href, &fields).await.status, 303);
    assert_eq!(script.get("/api/v1/key").await.status, 200);
}

#[tokio::test]
async fn what_is_wrong_stands_at_its_field_and_what_was_typed_stays() {
    let app = stage().await;
    let robin = app.login(Role::Technician).await;
    let wrong = [
        ("name", ""),
        ("reach", "only"),
        ("tenants", "nowhere"),
        ("tags", "no tag!"),
        ("networks", "192.0.2.0/99"),
        ("days", "900"),
        ("new_tenants", "-1"),
    ];
    let page = robin.post("/security/api-keys", &wrong).await;
    assert_eq!(page.status, 422);
    for id in ["name", "scope", "tags", "networks", "days", "new_tenants"] {
        assert!(page.has(&format!("#{id}-error")), "{id}: {}", page.text());
    }
    assert_eq!(page.value("networks"), "192.0.2.0/99");
    let page = robin
        .post(
            "/security/api-keys",
            &[
                ("name", "x"),
                ("reach", "only"),
                ("tenants", "nowhere"),
                ("days", "1"),
                ("scope", "tenants:read"),
            ],
        )
        .await;
    assert!(page.has("#tenants-error"), "{}", page.text());
    let all = [
        ("name", "x"),
        ("reach", "all"),
        ("tags", "gold"),
        ("days", "1"),
        ("scope", "tenants:read"),
    ];
    let page = robin.post("/security/api-keys", &all).await;
    assert!(
        page.text_of("#reach-error")
            .contains("You chose all and named some below")
    );
    let nobody = [
        ("name", "x"),
        ("reach", "only"),
        ("days", "1"),
        ("scope", "tenants:read"),
    ];
    let page = robin.post("/security/api-keys", &nobody).await;
    assert!(
        page.text_of("#tags-error")
            .contains("Name at least one tag or tenant")
    );
}

#[tokio::test]
async fn a_key_is_changed_rotated_and_stopped() {
    let app = stage().await;
    let robin = app.login(Role::Technician).await;
    let (href, script) = make(&app, &robin).await;
    let page = robin.get(&href).await;
    assert_eq!(page.value("tenants"), "ashgrove");
    let mut fields = FIELDS.to_vec();
    fields.retain(|(name, _)| *name != "days");
    fields.push(("hand_outs_per_minute", "7"));
    let saved = robin.post(&href, &fields).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let rotation = format!("{href}/rotation");
    let odd = [("days", "a year"), ("overlap", "7")];
    let odd = robin.post(&rotation, &odd).await;
    assert_eq!(odd.status, 422);
    assert_eq!(odd.attributes("#rotation-days", "value"), ["a year"]);
    assert_eq!(odd.attributes("#overlap option[selected]", "value"), ["7"]);
    assert!(odd.text_of("#rotation-days-error").contains("1 to 365"));
    let short = [("days", "3"), ("overlap", "7")];
    let short = robin.post(&rotation, &short).await;
    assert!(
        short
            .text_of("#rotation-days-error")
            .contains("would end before the former one")
    );
    assert_eq!(
        script.get("/api/v1/key").await.status,
        200,
        "nothing was rotated"
    );
    let rotated = robin
        .post(&rotation, &[("days", "90"), ("overlap", "0")])
        .await;
    assert_eq!(rotated.status, 200, "{}", rotated.text());
    let new = Script::new(
        &app.app.site.base_url,
        &rotated.attributes("#api-key", "value")[0],
    );
    assert_eq!(script.get("/api/v1/key").await.status, 401);
    assert_eq!(new.get("/api/v1/key").await.status, 200);
    for (act, status) in [
        ("suspension", 403),
        ("resumption", 200),
        ("revocation", 401),
    ] {
        let done = robin.post(&format!("{href}/{act}"), &[]).await;
        assert_eq!(done.status, 303, "{act}");
        assert_eq!(new.get("/api/v1/key").await.status, status, "{act}");
    }
    assert_eq!(
        robin.post(&format!("{href}/resumption"), &[]).await.status,
        409
    );
    fields.push(("new_tenants", "9"));
    let changed = robin.post(&href, &fields).await;
    assert_eq!(changed.status, 409, "a revoked key stays as it was");
}

#[tokio::test]
async fn each_sees_their_own_keys_and_an_admin_stops_but_never_renews_anothers() {
    let app = stage().await;
    let robin = app.login(Role::Technician).await;
    let other = app.login(Role::Technician).await;
    let admin = app.login(Role::Admin).await;
    let (href, script) = make(&app, &robin).await;
    assert_eq!(other.get(&href).await.status, 404);
    assert_eq!(
        other.post(&format!("{href}/revocation"), &[]).await.status,
        404
    );
    assert!(
        !other
            .get("/security/api-keys")
            .await
            .text()
            .contains("Nightly")
    );
    assert!(
        admin
            .get("/security/api-keys")
            .await
            .text()
            .contains("Nightly")
    );
    let page = admin.get(&href).await;
    assert!(page.text().contains("You can stop it"), "{}", page.text());
    let rotated = admin
        .post(
            &format!("{href}/rotation"),
            &[("days", "90"), ("overlap", "0")],
        )
        .await;
    assert_eq!(rotated.status, 403);
    assert_eq!(admin.post(&href, &FIELDS[..6]).await.status, 403);
    assert_eq!(
        admin.post(&format!("{href}/revocation"), &[]).await.status,
        303
    );
    assert_eq!(script.get("/api/v1/key").await.status, 401);
    assert_eq!(
        app.login(Role::Viewer)
            .await
            .get("/security/api-keys")
            .await
            .status,
        403
    );
}
