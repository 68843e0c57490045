//! What is sent: foreign ids among one's own, and acts that are not for whoever is limited.

use super::stage::{Stage, assert_silent, rows_of};

#[tokio::test]
async fn a_foreign_id_in_a_form_changes_nothing() {
    let stage = Stage::new().await;
    for (browser, own, foreign) in stage.sides() {
        let before = rows_of(&stage, &foreign).await;
        let id = foreign[0].id.to_string();
        let mine = own[0].id.to_string();
        let view = "/security/authentication-status";
        for act in ["invitations", "validation", "snooze", "wake"] {
            for tenants in [vec![id.as_str()], vec![mine.as_str(), id.as_str()]] {
                let mut fields: Vec<(&str, &str)> =
                    tenants.iter().map(|one| ("tenant", *one)).collect();
                fields.extend([
                    ("until", "2030-01-01"),
                    ("day", "2030-01-01"),
                    ("reason", "quiet"),
                    ("confirmed", "yes"),
                ]);
                let answer = browser.post(&format!("{view}/{act}"), &fields).await;
                assert!(answer.status < 500, "{act}: {}", answer.status);
                assert_silent(&answer, &foreign);
                let after = browser.follow(answer).await;
                assert_silent(&after, &foreign);
            }
        }
        assert_eq!(rows_of(&stage, &foreign).await, before);
    }
}

#[tokio::test]
async fn acts_for_the_whole_fleet_or_for_people_take_somebody_without_a_limit() {
    let stage = Stage::new().await;
    // An admin, but limited.
    let admin = &stage.rest;
    for path in [
        "/security/technicians",
        "/security/technicians/new",
        "/security/disconnect-all",
        "/tenants/new",
    ] {
        assert_eq!(admin.get(path).await.status, 403, "{path}");
    }
    let home = admin.get("/tenants").await;
    assert!(!home.body.contains("/security/disconnect-all") && !home.body.contains("/tenants/new"));
    for (path, fields) in [
        (
            "/security/technicians",
            vec![
                ("name", "X"),
                ("email", "x@msp.example"),
                ("role", "viewer"),
            ],
        ),
        ("/security/disconnect-all", vec![("reason", "because")]),
        ("/security/app-registration", vec![("client_id", "x")]),
        ("/security/app-registration/secrets", vec![("value", "x")]),
    ] {
        assert_eq!(admin.post(path, &fields).await.status, 403, "{path}");
    }
    let new = [
        ("short_name", "fresh"),
        ("full_name", "Fresh"),
        ("graph", "required"),
    ];
    assert_eq!(admin.post("/tenants", &new).await.status, 403);
    let there: i64 = sqlx::query_scalar("select count(*) from tenants where short_name = 'fresh'")
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
    assert_eq!(there, 0);
}

#[tokio::test]
async fn whoever_is_limited_changes_neither_the_tags_nor_the_unique_name_of_a_tenant() {
    let stage = Stage::new().await;
    let (browser, own, foreign) = stage.sides().into_iter().next().unwrap();
    let edit = format!("/tenants/{}/edit", own[0].short_name);
    let page = browser.get(&edit).await;
    for (field, value) in [
        ("short_name", foreign[0].short_name.as_str()),
        ("short_name", "free-one"),
        ("tags", "gold"),
    ] {
        let refused = browser
            .submit(&page, &format!("form[action='{edit}']"), &[(field, value)])
            .await;
        assert_eq!(refused.status, 422, "{field}={value}");
        assert!(
            refused
                .field_error(field)
                .contains("limited to some tenants"),
            "{field}={value}: {}",
            refused.field_error(field)
        );
    }
    let saved = browser
        .submit(
            &page,
            &format!("form[action='{edit}']"),
            &[("full_name", "Zebra000 Renamed")],
        )
        .await;
    assert_eq!(saved.status, 303);
}
