//! The pages: who sees what, forms that say what is wrong, secrets that are shown once.

use tenantry::domain::alert::ChannelKind;
use tenantry::domain::technician::Role;

use super::receiver::Mood;
use super::stage::Stage;

#[tokio::test]
async fn what_is_open_is_seen_by_everybody_and_snoozed_by_technicians() {
    let stage = Stage::new().await;
    let (_, connection) = stage.tenant("ashgrove").await;
    stage.dies(connection).await;
    stage.look().await;
    let viewer = stage.app.login(Role::Viewer).await;
    let page = viewer.get("/configuration/alerts").await;
    assert!(page.text().contains("Authorisation expired") && page.text().contains("ashgrove"));
    assert!(!page.has("a[href='/configuration/alerts/rules']"));
    let href = page.attributes("td a.strong", "href").remove(0);
    assert!(!viewer.get(&href).await.has("form[action$='/snooze']"));
    let technician = stage.app.login(Role::Technician).await;
    let page = technician.get(&href).await;
    let refused = technician
        .submit(&page, "form[action$='/snooze']", &[("reason", "")])
        .await;
    assert_eq!(refused.status, 422);
    assert!(refused.field_error("reason").contains("Say why"));
    let day = (stage.app.clock.now() + time::Duration::days(3))
        .date()
        .to_string();
    let done = technician
        .submit(
            &refused,
            "form[action$='/snooze']",
            &[("reason", "They move"), ("until", &day)],
        )
        .await;
    let page = technician.follow(done).await;
    assert!(page.text().contains("They move"), "{}", page.text());
    assert!(
        stage
            .app
            .audit()
            .await
            .contains(&"alert.snoozed done".to_owned())
    );
}

#[tokio::test]
async fn a_limited_technician_sees_the_alerts_of_their_tenants_alone() {
    let stage = Stage::new().await;
    let (_, one) = stage.tenant("ashgrove").await;
    let (birch, other) = stage.tenant("birch").await;
    stage.dies(one).await;
    stage.dies(other).await;
    stage.look().await;
    let id = stage
        .app
        .technician("kim@msp.example", Role::Technician)
        .await;
    stage
        .sql(&format!(
            "insert into technician_limits (technician_id, kind, tags, tenants, updated_at) values ('{id}', 'only', '{{}}', '{{{birch}}}', now())"
        ))
        .await;
    stage
        .sql("update technicians set limited = true where email = 'kim@msp.example'")
        .await;
    let browser = stage.app.browser_of(id).await;
    let text = browser.get("/configuration/alerts").await.text();
    assert!(
        text.contains("birch") && !text.contains("ashgrove"),
        "{text}"
    );
    let foreign = stage.number("select count(*) from alerts").await;
    assert_eq!(foreign, 2);
    let sql = "select a.id::text from alerts a join tenants t on t.id = a.tenant_id where t.short_name = 'ashgrove'";
    let theirs: String = sqlx::query_scalar(sql)
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
    assert_eq!(
        browser
            .get(&format!("/configuration/alerts/{theirs}"))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_rule_is_made_corrected_switched_and_deleted() {
    let stage = Stage::new().await;
    stage.fleet.tenant("ashgrove", "Ashgrove").await;
    let admin = stage.app.login(Role::Admin).await;
    let page = admin.get("/configuration/alerts/rules/new").await;
    let wrong = [
        ("name", ""),
        ("lead_days", "0"),
        ("reach", "only"),
        ("tenants", "nowhere"),
        ("quiet_from", "22:00"),
    ];
    let refused = admin.submit(&page, "form.sections", &wrong).await;
    assert_eq!(refused.status, 422);
    for field in ["name", "lead_days", "tenants", "quiet_from"] {
        assert!(!refused.field_error(field).is_empty(), "{field}");
    }
    assert_eq!(
        refused.value("tenants"),
        "nowhere",
        "what was typed is kept"
    );
    let right = [
        ("name", "Nights"),
        ("lead_days", "7"),
        ("tenants", "ashgrove"),
        ("quiet_from", "22:00"),
        ("quiet_until", "06:00"),
        ("quiet_zone", "Europe/Berlin"),
    ];
    let saved = admin.submit(&refused, "form.sections", &right).await;
    let list = admin.follow(saved).await;
    assert!(
        list.text().contains("Nights") && list.text().contains("Only 1 tenant"),
        "{}",
        list.text()
    );
    let href = list.attributes("td a.strong", "href").remove(0);
    let page = admin.get(&href).await;
    assert_eq!(page.value("quiet_zone"), "Europe/Berlin");
    let fresh = admin.get("/configuration/alerts/rules/new").await;
    let twin = [
        ("name", "nights"),
        ("quiet_zone", "Europe/Berln"),
        ("tags", "gold"),
    ];
    let twin = admin.submit(&fresh, "form.sections", &twin).await;
    for field in ["name", "quiet_zone"] {
        assert!(!twin.field_error(field).is_empty(), "{field}");
    }
    assert!(twin.text().contains("You chose all and named some below"));
    let (only, tags) = (("reach", "only"), ("tags", "glod"));
    let unused = admin.submit(&page, "form.sections", &[only, tags]).await;
    let told = admin.follow(unused).await.text();
    assert!(told.contains("No tenant has the tag glod"), "{told}");
    admin.post(&format!("{href}/switch"), &[("on", "no")]).await;
    assert_eq!(
        stage
            .number("select count(*) from alert_rules where not enabled")
            .await,
        1
    );
    admin.post(&format!("{href}/removal"), &[]).await;
    assert_eq!(
        stage
            .number("select count(*) from alert_rules where name = 'Nights'")
            .await,
        0
    );
    for action in [
        "alert_rule.added done",
        "alert_rule.disabled done",
        "alert_rule.removed done",
    ] {
        assert!(
            stage.app.audit().await.contains(&action.to_owned()),
            "{action}"
        );
    }
}

#[tokio::test]
async fn a_webhook_shows_its_key_once_and_its_address_never() {
    let stage = Stage::new().await;
    let admin = stage.app.login(Role::Admin).await;
    let page = admin
        .get("/configuration/alerts/channels/new?kind=webhook")
        .await;
    let refused = admin
        .submit(
            &page,
            "form.card",
            &[("name", "Hook"), ("url", "https://169.254.169.254/latest")],
        )
        .await;
    assert_eq!(refused.status, 422);
    assert!(refused.field_error("url").contains("public internet"));
    let address = stage.receiver.address();
    let nameless = [("name", ""), ("url", address.as_str())];
    let nameless = admin.submit(&refused, "form.card", &nameless).await;
    assert!(
        nameless
            .field_error("url")
            .contains("Type the address again")
    );
    assert!(!nameless.body.contains("secret-part"));
    let shown = admin
        .submit(
            &refused,
            "form.card",
            &[("name", "Hook"), ("url", &address)],
        )
        .await;
    assert_eq!(shown.status, 200);
    assert!(shown.attributes("#secret", "value")[0].starts_with("whsec_"));
    let href = shown.attributes("section a.button", "href").remove(0);
    let page = admin.get(&href).await;
    assert!(
        !page.body.contains("whsec_") && !page.body.contains("secret-part"),
        "{}",
        page.body
    );
    assert!(page.text().contains("hooks.receiver.example/…part"));
    let done = admin.submit(&page, "form[action$='/test']", &[]).await;
    let page = admin.follow(done).await;
    assert!(
        page.text().contains("The test message was taken (2xx)"),
        "{}",
        page.text()
    );
    assert_eq!(stage.receiver.heard()[0].body["type"], "test");
    stage.receiver.be(Mood::Fails);
    let done = admin.submit(&page, "form[action$='/test']", &[]).await;
    let page = admin.follow(done).await;
    assert!(page.text().contains("5xx"), "{}", page.text());
    let rotated = admin.submit(&page, "form[action$='/key']", &[]).await;
    assert!(rotated.attributes("#secret", "value")[0].starts_with("whsec_"));
    let keys = "select count(*) from alert_channel_secrets where kind = 'signing'";
    assert_eq!(
        stage.number(keys).await,
        2,
        "the former one signs beside it"
    );
    let form = admin.get("/configuration/alerts/rules/new").await;
    let id = href.rsplit('/').next().unwrap();
    let rule = [("name", "To the desk"), ("channel", id)];
    assert_eq!(
        admin.submit(&form, "form.sections", &rule).await.status,
        303
    );
    let removed = admin.post(&format!("{href}/removal"), &[]).await;
    let told = admin.follow(removed).await.text();
    assert!(told.contains("nobody is told by To the desk"), "{told}");
    assert_eq!(admin.get(&href).await.status, 200);
}

#[tokio::test]
async fn a_second_click_on_new_key_ends_none_that_receivers_have() {
    let stage = Stage::new().await;
    let admin = stage.app.login(Role::Admin).await;
    let hook = stage.channel(ChannelKind::Webhook, "Hook").await;
    let href = format!("/configuration/alerts/channels/{hook}");
    let keys = "select count(*) from alert_channel_secrets where kind = 'signing'";
    let page = admin.get(&href).await;
    let in_use = page.attributes("input[name=instead_of]", "value").remove(0);
    let again = || admin.submit(&page, "form[action$='/key']", &[]);
    let (one, other) = tokio::join!(again(), again());
    let (made, late) = if one.status == 200 {
        (one, other)
    } else {
        (other, one)
    };
    assert!(made.attributes("#secret", "value")[0].starts_with("whsec_"));
    let told = admin.follow(late).await.text();
    assert!(told.contains("No key was made"), "{told}");
    let page = admin.get(&href).await;
    admin.submit(&page, "form[action$='/key']", &[]).await;
    let still = format!("{keys} and id = '{in_use}' and until is not null");
    assert_eq!(
        stage.number(&still).await,
        1,
        "neither the second click nor the next key ended the one that receivers have"
    );
    for _ in 0..3 {
        let page = admin.get(&href).await;
        admin.submit(&page, "form[action$='/key']", &[]).await;
    }
    assert_eq!(stage.number(keys).await, 4, "no more than four sign");
}

#[tokio::test]
async fn of_two_rules_of_one_name_made_at_once_one_is_made() {
    let stage = Stage::new().await;
    let admin = stage.app.login(Role::Admin).await;
    let id = stage.channel(ChannelKind::Mail, "Desk").await.to_string();
    let form = admin.get("/configuration/alerts/rules/new").await;
    let twins = [("name", "Twins"), ("channel", id.as_str())];
    let twins = || admin.submit(&form, "form.sections", &twins);
    let (one, other) = tokio::join!(twins(), twins());
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422]);
}

#[tokio::test]
async fn the_channel_to_the_owners_is_always_there() {
    let stage = Stage::new().await;
    let admin = stage.app.login(Role::Admin).await;
    let owners = "/configuration/alerts/channels/00000000-0000-7000-8000-000000000001";
    let page = admin.get(owners).await;
    assert!(!page.has("form[action$='/removal']"));
    assert_eq!(
        admin.post(&format!("{owners}/removal"), &[]).await.status,
        409
    );
    let desk = stage.channel(ChannelKind::Mail, "Desk").await;
    let page = admin
        .get(&format!("/configuration/alerts/channels/{desk}"))
        .await;
    assert!(page.has("form[action$='/removal']"));
}

#[tokio::test]
async fn a_message_is_sent_again_by_hand() {
    let stage = Stage::new().await;
    stage.silence().await;
    let hook = stage.channel(ChannelKind::Webhook, "Hook").await;
    stage.rule(&["expired"], &[hook]).await;
    let (_, connection) = stage.tenant("ashgrove").await;
    stage.dies(connection).await;
    stage.settle().await;
    let admin = stage.app.login(Role::Admin).await;
    let page = admin.get("/configuration/alerts/deliveries").await;
    assert!(page.text().contains("Delivered"));
    admin.submit(&page, "form[action$='/replay']", &[]).await;
    stage.settle().await;
    let heard = stage.receiver.heard();
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0].id(), heard[1].id());
}

/// Each badge of a page is of a kind that the style sheet knows.
fn badges_have_a_colour(page: &crate::support::page::Page) {
    let styles = include_str!("../../../static/css/data.css");
    let classes = page.attributes(".badge", "class");
    assert!(!classes.is_empty(), "{} has badges", page.path);
    for class in classes.iter().flat_map(|all| all.split(' ')) {
        assert!(styles.contains(&format!(".{class}")), "{class}");
    }
}

#[tokio::test]
async fn what_is_urgent_and_what_fails_is_seen_by_its_colour() {
    let stage = Stage::new().await;
    let hook = stage.channel(ChannelKind::Webhook, "Hook").await;
    for severity in ["info", "warning", "urgent"] {
        stage
            .rule_with(&["expired"], &[hook], |rule| {
                rule.severity = severity.into();
            })
            .await;
    }
    let (_, connection) = stage.tenant("ashgrove").await;
    stage.dies(connection).await;
    stage.receiver.be(Mood::Fails);
    stage.settle().await;
    let owner = stage.app.login(Role::Owner).await;
    for page in ["", "/channels", "/deliveries"] {
        badges_have_a_colour(&owner.get(&format!("/configuration/alerts{page}")).await);
    }
}
