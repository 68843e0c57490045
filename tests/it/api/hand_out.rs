//! Access tokens: given, refreshed, refused, counted, and one refresh for a crowd.

use std::time::Duration;

use serde_json::json;
use tenantry::domain::api_key::{self, KeyState, Rule};
use tenantry::keeper::Resource;
use tenantry::simulator::directory::Cause;

use super::stage::{Stage, everything};

const REFRESHES: &str = "select count(*) from entra_calls where operation = 'refresh'";
const GIVEN: &str =
    "select count(*) from audit_events where action = 'token.hand_out' and key_id is not null";

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_lives_is_given_and_each_giving_is_on_record_with_its_key() {
    let stage = Stage::new().await;
    let (id, script) = stage.key(everything("nightly")).await;
    let path = "/api/v1/tenants/contoso/access-tokens";
    for n in 1..=3 {
        let body = json!({ "resource": "graph", "min_ttl": 600, "reason": format!("run {n}") });
        let answer = script.post(path, &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let given = answer.json();
        assert_eq!(given["token_type"], "Bearer");
        assert_eq!(given["resource"], "graph");
        assert_eq!(given["tenant"]["short_name"], "contoso");
        assert!(given["expires_in"].as_i64().unwrap() >= 600);
        assert!(given["access_token"].as_str().unwrap().len() > 20);
        assert!(given.get("refresh_token").is_none());
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("ratelimit-limit"), "60");
    }
    let told: Vec<String> = sqlx::query_scalar(
        "select concat_ws(' ', actor_type, actor_name like 'nightly (%', ip, details ->> 'reason') from audit_events
         where action = 'token.hand_out' and key_id = $1 order by id",
    )
    .bind(id)
    .fetch_all(&stage.world.pool)
    .await
    .unwrap();
    assert_eq!(
        told,
        [
            "key t 127.0.0.1 run 1",
            "key t 127.0.0.1 run 2",
            "key t 127.0.0.1 run 3"
        ]
    );
    let by_id = script.token(&stage.world.tenant.to_string(), "graph").await;
    assert_eq!(by_id.status, 200, "{by_id:?}");
    assert_eq!(stage.stored(id).await.used.uses, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_handed_tokens_of_its_resources_only() {
    let stage = Stage::new().await;
    let rule = Rule {
        resources: vec![Resource::Graph],
        ..everything("graph")
    };
    let (_, script) = stage.key(rule).await;
    assert_eq!(script.token("contoso", "graph").await.status, 200);
    for _ in 0..2 {
        assert_eq!(
            script.token("contoso", "exchange").await.code(),
            "resource_not_allowed"
        );
    }
    assert_eq!(stage.count(GIVEN).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_that_needs_a_refresh_causes_one() {
    let stage = Stage::with(|app| {
        app.limits.keys.calls = 100_000;
        app.limits.keys.hand_outs = 100_000;
        app.limits.keys.tenant_hand_outs = 100_000;
    })
    .await;
    let (_, script) = stage.key(everything("crowd")).await;
    assert_eq!(script.token("contoso", "graph").await.status, 200);
    let short =
        "update tokens set expires_at = now() + interval '1 minute' where resource = 'graph'";
    sqlx::query(short).execute(&stage.world.pool).await.unwrap();
    let before = stage.count(REFRESHES).await;
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let script = script.clone();
        crowd.spawn(async move { script.token("contoso", "graph").await });
    }
    let mut tokens = Vec::new();
    while let Some(answer) = crowd.join_next().await {
        let answer = answer.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        tokens.push(answer.json()["access_token"].clone());
    }
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
    assert_eq!(stage.count(REFRESHES).await - before, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_authorisation_says_its_state_its_cause_who_acts_and_where() {
    let stage = Stage::new().await;
    let (_, script) = stage.key(everything("one")).await;
    assert_eq!(script.token("contoso", "graph").await.status, 200);
    stage.world.kill(&Cause::PasswordChange);
    stage.app.clock.advance(Duration::from_hours(30));
    for _ in 0..2 {
        let answer = script.token("contoso", "graph").await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (409, "needs_person"),
            "{answer:?}"
        );
        let body = answer.json();
        assert_eq!(body["state"], "expired", "{body}");
        assert_eq!(body["cause"], "password_changed");
        assert!(body["who_acts"].is_string());
        assert!(!body["remedy"].as_array().unwrap().is_empty());
        let url = body["console_url"].as_str().unwrap();
        assert!(
            url.ends_with("/tenants/contoso/configuration/m365"),
            "{url}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_connection_or_while_it_is_paused_there_is_no_token() {
    let stage = Stage::new().await;
    stage.world.customer("fabrikam").await;
    let (_, script) = stage.key(everything("one")).await;
    assert_eq!(
        script.token("fabrikam", "graph").await.code(),
        "not_connected"
    );
    assert_eq!(script.token("contoso", "graph").await.status, 200);
    sqlx::query("update tenants set state = 'suspended', state_reason = 'unpaid' where short_name = 'contoso'")
        .execute(&stage.world.pool)
        .await
        .unwrap();
    for _ in 0..2 {
        let answer = script.token("contoso", "graph").await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (409, "tenant_suspended"),
            "{answer:?}"
        );
    }
    let body = json!({ "resource": "graph", "min_ttl": 86_000 });
    sqlx::query("update tenants set state = 'active' where short_name = 'contoso'")
        .execute(&stage.world.pool)
        .await
        .unwrap();
    let answer = script
        .post("/api/v1/tenants/contoso/access-tokens", &body)
        .await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (422, "ttl_too_long")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_connected_yet_it_says_whose_turn_it_is() {
    let stage = Stage::new().await;
    stage.world.customer("fabrikam").await;
    let (_, script) = stage.key(everything("one")).await;
    let said = async |change: &str| {
        let sql = format!("update tenant_status set {change} where short_name = 'fabrikam'");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .execute(&stage.world.pool)
            .await
            .unwrap();
        let answer = script.token("fabrikam", "graph").await;
        assert_eq!(answer.code(), "not_connected");
        let body = answer.json();
        assert_eq!(body["remedy"][0], body["detail"]);
        (
            body["who_acts"].as_str().unwrap().to_owned(),
            body["detail"].as_str().unwrap().to_owned(),
        )
    };
    let (who, what) = said("state = 'not_connected', pending_reason = null").await;
    assert!(
        who == "msp" && what.contains("send an invitation"),
        "{who}: {what}"
    );
    let pending = "state = 'invitation_pending', pending_reason =";
    let (who, what) = said(&format!("{pending} null")).await;
    assert!(
        who == "customer_admin" && what.contains("was invited"),
        "{who}: {what}"
    );
    let (who, what) = said(&format!("{pending} 'awaiting_consent'")).await;
    assert!(
        who == "customer_admin" && what.contains("consent"),
        "{who}: {what}"
    );
    let (who, what) = said(&format!("{pending} 'awaiting_confirmation'")).await;
    assert!(who == "msp" && what.contains("confirm"), "{who}: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_minute_of_a_key_and_that_of_a_tenant_come_to_an_end() {
    let stage = Stage::with(|app| {
        app.limits.keys.hand_outs = 5;
        app.limits.keys.tenant_hand_outs = 8;
    })
    .await;
    // The minute must not end within the test.
    let second = stage.app.clock.now().unix_timestamp().rem_euclid(60);
    stage
        .app
        .clock
        .advance(Duration::from_secs((60 - second).unsigned_abs()));
    let (_, one) = stage.key(everything("one")).await;
    let (_, other) = stage.key(everything("other")).await;
    let mut given = 0;
    for (script, calls) in [(&one, 7), (&other, 5)] {
        for _ in 0..calls {
            let answer = script.token("contoso", "graph").await;
            if answer.status == 200 {
                given += 1;
                continue;
            }
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (429, "too_many_requests")
            );
            assert!(answer.header("retry-after").parse::<u32>().unwrap() <= 60);
            assert_eq!(answer.header("ratelimit-remaining"), "0");
            let of = answer.json()["limit_of"].as_str().unwrap().to_owned();
            assert_eq!(of, if given == 5 { "key" } else { "tenant" }, "{given}");
        }
    }
    assert_eq!(
        (given, stage.count(GIVEN).await),
        (8, 8),
        "what the key may not have takes nothing from others"
    );
    stage.app.clock.advance(Duration::from_mins(1));
    assert_eq!(one.token("contoso", "graph").await.status, 200);
    // Used-up calls are told with their own limit, not with that of hand-outs.
    let rule = Rule {
        calls_per_minute: Some(2),
        ..everything("few")
    };
    let (_, few) = stage.key(rule).await;
    for status in [200, 200, 429] {
        let answer = few.token("contoso", "graph").await;
        assert_eq!(answer.status, status);
        if status == 429 {
            assert_eq!(answer.json()["limit"], 2);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_makes_no_sense_is_one_of_the_minute_like_any_other() {
    let stage = Stage::new().await;
    let rule = Rule {
        calls_per_minute: Some(4),
        ..everything("odd")
    };
    let (id, script) = stage.key(rule).await;
    let path = "/api/v1/tenants/contoso/access-tokens";
    let odd = [
        (path, json!({ "resource": "graph", "colour": "red" })),
        (path, json!({ "resource": "graph", "min_ttl": 86_400 })),
        (
            "/api/v1/tenants/contoso/access-tokens?x=1",
            json!({ "resource": "graph" }),
        ),
    ];
    assert_eq!(script.token("contoso", "graph").await.status, 200);
    for ((path, body), left) in odd.iter().zip(["2", "1", "0"]) {
        let answer = script.post(path, body).await;
        assert!([400, 422].contains(&answer.status), "{answer:?}");
        assert_eq!(answer.header("ratelimit-remaining"), left, "{answer:?}");
    }
    assert_eq!(script.token("contoso", "graph").await.status, 429);
    assert_eq!(script.post(path, &odd[0].1).await.status, 429);
    let (key, mut op) = (stage.stored(id).await, stage.op().await);
    api_key::revoke(&mut op, &key).await.unwrap();
    op.commit().await.unwrap();
    assert_eq!(script.post(path, &odd[0].1).await.code(), "key_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_runs_through_the_customers_is_suspended_and_says_so_in_the_log() {
    let stage = Stage::with(|app| {
        app.limits.keys.hand_outs = 1000;
        app.limits.keys.new_tenants = 20;
    })
    .await;
    for n in 0..24 {
        stage.world.customer(&format!("customer{n:02}")).await;
    }
    let (id, script) = stage.key(everything("thief")).await;
    for n in 0..20 {
        let answer = script.token(&format!("customer{n:02}"), "graph").await;
        assert_eq!(answer.code(), "not_connected", "{n}");
    }
    // The same ones again are no new ones.
    assert_eq!(
        script.token("customer00", "graph").await.code(),
        "not_connected"
    );
    assert_eq!(
        script.token("customer20", "graph").await.code(),
        "key_suspended"
    );
    assert_eq!(
        script.token("customer21", "graph").await.code(),
        "key_suspended"
    );
    assert_eq!(script.get("/api/v1/key").await.code(), "key_suspended");
    assert!(matches!(
        stage.stored(id).await.state,
        KeyState::Suspended { .. }
    ));
    let told = "select count(*) from audit_events where action = 'api_key.suspended'";
    assert_eq!(stage.count(told).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_customers_a_quarter_of_an_hour_are_a_script_and_no_thief() {
    let stage = Stage::with(|app| {
        app.limits.keys.hand_outs = 1000;
        app.limits.keys.new_tenants = 2;
    })
    .await;
    for n in 0..6 {
        stage.world.customer(&format!("customer{n}")).await;
    }
    let (_, script) = stage.key(everything("script")).await;
    for n in 0..6 {
        assert_eq!(
            script.token(&format!("customer{n}"), "graph").await.code(),
            "not_connected"
        );
        stage.app.clock.advance(Duration::from_mins(6));
    }
}
