//! Alerts: the list, one of them, snoozing and waking.

use serde_json::{Value, json};
use tenantry::storage::TenantId;
use time::Duration;
use uuid::Uuid;

use super::super::stage::{Script, Stage};
use super::campaigns::tenant;
use super::{all, gold, last_act, post_once, said, stage};

/// An alert as the evaluator would have opened it, so many hours ago.
async fn alert(
    stage: &Stage,
    tenant: Option<TenantId>,
    event: &str,
    severity: &str,
    hours: i64,
) -> Uuid {
    let id = tenantry::clock::ordered_uuid();
    sqlx::query(
        "insert into alerts (id, rule_id, tenant_id, event, cause, severity, began_at, opened_at)
         select $1, id, $2, $3, case $3 when 'expired' then 'password_changed' else '' end, $4, $5, $5 from alert_rules",
    )
    .bind(id)
    .bind(tenant)
    .bind(event)
    .bind(severity)
    .bind(stage.app.clock.now() - Duration::hours(hours))
    .execute(&stage.world.pool)
    .await
    .unwrap();
    id
}

async fn close(stage: &Stage, id: Uuid) {
    sqlx::query("update alerts set closed_at = now(), closed_why = 'recovered' where id = $1")
        .bind(id)
        .execute(&stage.world.pool)
        .await
        .unwrap();
}

fn path(id: Uuid, act: &str) -> String {
    format!("/api/v1/alerts/{id}{act}")
}

/// The day so many days from now.
fn day(stage: &Stage, days: i64) -> String {
    (stage.app.clock.now() + Duration::days(days))
        .date()
        .to_string()
}

async fn events(script: &Script, query: &str) -> Vec<String> {
    let found = all(script, &format!("/api/v1/alerts{query}")).await;
    said(&found, "/event")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_is_listed_the_newest_first_and_narrowed() {
    let (stage, script) = stage().await;
    let alder = tenant(&script, "alder", &[]).await;
    let contoso = stage.tenant();
    let over = alert(&stage, Some(alder), "retrying", "warning", 5).await;
    close(&stage, over).await;
    let expired = alert(&stage, Some(alder), "expired", "urgent", 4).await;
    alert(&stage, Some(contoso), "expiring", "warning", 3).await;
    alert(&stage, None, "credential", "urgent", 2).await;
    assert_eq!(
        events(&script, "").await,
        ["credential", "expiring", "expired"]
    );
    assert_eq!(events(&script, "?state=closed").await, ["retrying"]);
    assert_eq!(events(&script, "?state=all").await.len(), 4);
    assert_eq!(
        events(&script, "?severity=urgent").await,
        ["credential", "expired"]
    );
    assert_eq!(events(&script, "?event=expiring").await, ["expiring"]);
    assert_eq!(events(&script, "?tenant=alder").await, ["expired"]);
    assert_eq!(
        events(&script, &format!("?tenant={alder}&state=all")).await,
        ["expired", "retrying"]
    );
    assert!(
        events(&script, "?tenant=alder&severity=info")
            .await
            .is_empty()
    );
    let nobody = script.get("/api/v1/alerts?tenant=nowhere").await;
    assert_eq!(nobody.status, 404);

    let one = script.get(&path(expired, "")).await.json();
    assert_eq!(
        (&one["state"], &one["cause"], &one["who_acts"]),
        (
            &json!("open"),
            &json!("password_changed"),
            &json!("customer_user")
        )
    );
    assert_eq!(one["tenant"]["short_name"], "alder");
    assert_eq!(one["rule"], "What needs somebody");
    assert_eq!(one["snoozed_until"], Value::Null);
    let page = one["console_url"].as_str().unwrap();
    assert!(page.ends_with(&format!("/configuration/alerts/{expired}")));
    // A renewal outlives this cause as a rule; here nothing was left to renew.
    sqlx::query("update alerts set cause = 'expired_lifetime' where id = $1")
        .bind(expired)
        .execute(&stage.world.pool)
        .await
        .unwrap();
    let one = script.get(&path(expired, "")).await.json();
    assert_eq!(one["who_acts"], "customer_user");
    let past = script.get(&path(over, "")).await.json();
    assert_eq!(
        (&past["state"], &past["closed_reason"]),
        (&json!("closed"), &json!("recovered"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snooze_has_an_end_and_a_reason_and_is_written_down_as_on_the_page() {
    let (stage, script) = stage().await;
    let id = alert(&stage, Some(stage.tenant()), "expired", "urgent", 1).await;
    let until = day(&stage, 3);
    let wanted = json!({ "until": until, "reason": "They move on Monday" });
    let done = post_once(&script, &path(id, "/snooze"), "once", &wanted).await;
    assert_eq!(done.status, 200, "{done:?}");
    let snoozed = done.json();
    assert_eq!(
        snoozed["snoozed_until"],
        format!("{}T00:00:00Z", day(&stage, 4))
    );
    assert_eq!(snoozed["snoozed_reason"], "They move on Monday");
    assert!(
        snoozed["snoozed_by"]
            .as_str()
            .unwrap()
            .starts_with("rest (")
    );
    let again = post_once(&script, &path(id, "/snooze"), "once", &wanted).await;
    assert_eq!(again.json(), snoozed);
    let (kind, _, details) = last_act(&stage, "alert.snoozed").await;
    assert_eq!(kind, "key");
    assert_eq!(
        details,
        json!({ "until": until, "reason": "They move on Monday" })
    );
    let acts = "select count(*) from audit_events where action in ('alert.snoozed', 'alert.woken')";
    assert_eq!(stage.count(acts).await, 1, "sent twice and done once");
    assert_eq!(events(&script, "?snoozed=true").await, ["expired"]);
    assert!(events(&script, "?snoozed=false").await.is_empty());

    let woken = script.post(&path(id, "/wake"), &json!({})).await;
    assert_eq!(woken.status, 200, "{woken:?}");
    assert_eq!(woken.json()["snoozed_until"], Value::Null);
    assert_eq!(last_act(&stage, "alert.woken").await.0, "key");
    let awake = script.post(&path(id, "/wake"), &json!({})).await;
    assert_eq!((awake.status, awake.code().as_str()), (409, "not_snoozed"));
    assert_eq!(stage.count(acts).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snooze_that_makes_no_sense_is_refused_at_its_field() {
    let (stage, script) = stage().await;
    let id = alert(&stage, Some(stage.tenant()), "expired", "urgent", 1).await;
    let refused = async |until: String, reason: &str| {
        let wanted = json!({ "until": until, "reason": reason });
        let answer = script.post(&path(id, "/snooze"), &wanted).await;
        assert_eq!((answer.status, answer.code().as_str()), (422, "invalid"));
        let field = &answer.json()["errors"][0]["field"];
        field.as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(refused(day(&stage, -1), "Late").await, "until");
    assert_eq!(refused(day(&stage, 400), "Long").await, "until");
    assert_eq!(refused(day(&stage, 3), " ").await, "reason");
    assert_eq!(refused(day(&stage, 3), &"x".repeat(201)).await, "reason");
    assert_eq!(refused("Monday".into(), "No day").await, "");
    let open = "select count(*) from alerts where snoozed_until is null";
    assert_eq!(stage.count(open).await, 1);
    close(&stage, id).await;
    let wanted = json!({ "until": day(&stage, 3), "reason": "Too late" });
    for (act, body) in [("/snooze", wanted), ("/wake", json!({}))] {
        let over = script.post(&path(id, act), &body).await;
        assert_eq!((over.status, over.code().as_str()), (409, "alert_closed"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_some_tenants_sees_and_snoozes_the_alerts_of_these_alone() {
    let (stage, script) = stage().await;
    let mine = tenant(&script, "alder", &["gold"]).await;
    let theirs = tenant(&script, "birch", &[]).await;
    let own = alert(&stage, Some(mine), "expired", "urgent", 3).await;
    let foreign = alert(&stage, Some(theirs), "expired", "urgent", 2).await;
    let everybodys = alert(&stage, None, "credential", "urgent", 1).await;
    let touching = incident(&stage, mine).await;
    let gold = gold(&stage).await;
    let listed = all(&gold, "/api/v1/alerts?state=all").await;
    assert_eq!(
        said(&listed, "/id"),
        [touching.to_string(), own.to_string()],
        "and an incident that touches them"
    );
    assert_eq!(gold.get("/api/v1/alerts?tenant=birch").await.status, 404);
    let wanted = json!({ "until": day(&stage, 3), "reason": "Mine" });
    for id in [foreign, everybodys] {
        for act in ["", "/snooze", "/wake"] {
            let ask = async |id| match act {
                "" => gold.get(&path(id, "")).await,
                "/snooze" => gold.post(&path(id, act), &wanted).await,
                _ => gold.post(&path(id, act), &json!({})).await,
            };
            let (found, none) = (ask(id).await, ask(Uuid::nil()).await);
            assert_eq!((found.status, found.code()), (404, none.code()), "{act}");
        }
    }
    assert_eq!(gold.get("/api/v1/alerts/mine").await.status, 404);
    let done = gold.post(&path(own, "/snooze"), &wanted).await;
    assert_eq!(done.status, 200, "{done:?}");
    let snoozed = "select count(*) from alerts where snoozed_until is not null";
    assert_eq!(stage.count(snoozed).await, 1);
}

/// The alert of an incident that touches this tenant.
async fn incident(stage: &Stage, tenant: TenantId) -> Uuid {
    let (id, incident) = (tenantry::clock::ordered_uuid(), Uuid::from_u128(7));
    for sql in [
        "insert into incidents (id, kind, cause, opened_at, last_seen_at, holds_until)
         select $1, 'mass', 'outage', now(), now(), now() where $2::uuid is not null and $3::uuid is not null",
        "insert into incident_tenants (incident_id, tenant_id) select $1, $2 where $3::uuid is not null",
        "insert into alerts (id, rule_id, incident_id, event, subject, severity, began_at, opened_at)
         select $3, id, $1, 'incident', $1::text, 'urgent', now(), now() from alert_rules where $2::uuid is not null",
    ] {
        sqlx::query(sql)
            .bind(incident)
            .bind(tenant)
            .bind(id)
            .execute(&stage.world.pool)
            .await
            .unwrap();
    }
    id
}
