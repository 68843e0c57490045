//! Inviting by a script.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tenantry::domain::api_key::{ApiScope, Rule};

use super::super::stage::{Stage, everything};
use super::{cedar, post_once, stage};
use crate::support::smtp::MailServer;

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_made_once_and_its_link_is_asked_for_apart() {
    let (stage, script) = stage().await;
    script.post("/api/v1/tenants", &cedar()).await;
    let wanted = json!({ "admin_username": "admin@cedar.example", "validity_hours": 24 });
    let path = "/api/v1/tenants/cedar/invitations";
    let made = post_once(&script, path, "invite", &wanted).await;
    assert_eq!(made.status, 201, "{made:?}");
    let again = post_once(&script, path, "invite", &wanted).await;
    assert_eq!(again.json(), made.json());
    assert_eq!(
        stage
            .count("select count(*) from invitations where expected_admin = 'admin@cedar.example'")
            .await,
        1
    );
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let link = script
        .post(&format!("/api/v1/invitations/{id}/auth-url"), &json!({}))
        .await
        .json();
    let url = link["auth_url"].as_str().unwrap();
    let opened = reqwest::get(url).await.unwrap();
    assert_eq!(opened.status(), 200);
    assert!(opened.text().await.unwrap().contains("Cedar Foods"));
    let kept = stage
        .count("select count(*) from api_replies where body like '%inv\\_%'")
        .await;
    assert_eq!(kept, 0, "no link is kept with an answer");
    let shown = stage
        .count("select count(*) from audit_events where action = 'invitation.link_shown'")
        .await;
    assert_eq!(shown, 1);
    let reads = Rule {
        scopes: vec![ApiScope::InvitationsRead],
        ..everything("reads")
    };
    let (_, reader) = stage.key(reads).await;
    assert_eq!(
        reader
            .post(&format!("/api/v1/invitations/{id}/auth-url"), &json!({}))
            .await
            .code(),
        "scope_missing"
    );
    let read = reader.get(&format!("/api/v1/invitations/{id}")).await;
    assert!(!read.text.contains("inv_"), "{read:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_withdrawn_and_what_has_ended_says_so() {
    let (_stage, script) = stage().await;
    script.post("/api/v1/tenants", &cedar()).await;
    let made = script
        .post("/api/v1/tenants/cedar/invitations", &json!({}))
        .await
        .json();
    let path = format!("/api/v1/invitations/{}", made["id"].as_str().unwrap());
    let step = async |word: &str| script.post(&format!("{path}/{word}"), &json!({})).await;
    assert_eq!(step("resend").await.code(), "link_only");
    assert_eq!(step("revocation").await.json()["state"], "revoked");
    for word in ["revocation", "resend", "auth-url"] {
        let answer = step(word).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (409, "invitation_ended"),
            "{word}"
        );
    }
    let wrong = script
        .post(
            "/api/v1/tenants/cedar/invitations",
            &json!({ "validity_hours": 9_999, "invitation_email": "x" }),
        )
        .await;
    assert_eq!((wrong.status, wrong.code().as_str()), (422, "invalid"));
    script
        .post("/api/v1/tenants/cedar/suspension", &json!({}))
        .await;
    let paused = script
        .post("/api/v1/tenants/cedar/invitations", &json!({}))
        .await;
    assert_eq!(paused.code(), "tenant_not_active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_in_a_loop_floods_no_customer() {
    let server = MailServer::start().await;
    let stage = Stage::with(|app| app.mailer = Some(server.mailer())).await;
    let (_, script) = stage.key(everything("loop")).await;
    script.post("/api/v1/tenants", &cedar()).await;
    let wanted =
        json!({ "admin_username": "admin@cedar.example", "invitation_email": "it@cedar.example" });
    let path = "/api/v1/tenants/cedar/invitations";
    let all = join_all((0..14).map(|_| script.post(path, &wanted))).await;
    let (made, refused): (Vec<_>, Vec<_>) = all.iter().partition(|one| one.status == 201);
    assert_eq!((made.len(), refused.len()), (10, 4), "{refused:?}");
    for one in refused {
        assert_eq!((one.status, one.code().as_str()), (429, "too_many_mails"));
        assert!(one.header("retry-after").parse::<u32>().unwrap() <= 3_601);
    }
    let kept = stage.count("select count(*) from invitations").await;
    assert_eq!(
        kept, 11,
        "what is refused leaves no link: one is the stage's"
    );
    let id = made[0].json()["id"].as_str().unwrap().to_owned();
    let resend = format!("/api/v1/invitations/{id}/resend");
    assert_eq!(
        script.post(&resend, &json!({})).await.code(),
        "too_many_mails"
    );
    let by_hand = json!({ "admin_username": "admin@cedar.example", "invitation_email": "" });
    assert_eq!(
        script.post(path, &by_hand).await.status,
        201,
        "a link alone is no mail"
    );
    stage.app.clock.advance(Duration::from_mins(61));
    assert_eq!(script.post(&resend, &json!({})).await.status, 200);
    let mails = "select count(*) from customer_mails";
    let before = stage.count(mails).await;
    for _ in 0..2 {
        let again = post_once(&script, &resend, "nightly", &json!({})).await;
        assert_eq!(again.status, 200, "{again:?}");
    }
    assert_eq!(stage.count(mails).await, before + 1, "one key, one mail");
}
