//! Campaigns: the list, one with its counts, and the board.

use serde_json::{Value, json};
use tenantry::domain::campaign::{self, CampaignInput, Runner};
use tenantry::domain::op::Scope;
use tenantry::storage::{CampaignId, TenantId};

use super::super::stage::{Script, Stage};
use super::{all, gold, said, stage};

/// A tenant of this name that takes mail.
pub async fn tenant(script: &Script, name: &str, tags: &[&str]) -> TenantId {
    let new = json!({
        "short_name": name, "full_name": format!("{name} Ltd"), "invitation_email": format!("it@{name}.example"), "tags": tags,
    });
    let made = script.post("/api/v1/tenants", &new).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json()["id"].as_str().unwrap().parse().unwrap()
}

/// A draft of this name for these tenants.
pub async fn draft(stage: &Stage, name: &str, reason: &str, tenants: &[TenantId]) -> CampaignId {
    let typed = CampaignInput {
        name: name.into(),
        reason: reason.into(),
        per_hour: "60".into(),
        zone: "America/New_York".into(),
        remind_days: "3".into(),
        remind_most: "2".into(),
        ..CampaignInput::default()
    };
    let mut op = stage.op().await;
    let new = typed.parse(op.now()).unwrap();
    let id = campaign::create(&mut op, Scope::all(), &new, tenants).await;
    op.commit().await.unwrap();
    id.unwrap()
}

/// The same, running: the first of its tenants is asked, and its mail waits for a mail server.
pub async fn running(stage: &Stage, name: &str, tenants: &[TenantId]) -> CampaignId {
    let id = draft(stage, name, "expired", tenants).await;
    let mut op = stage.op().await;
    campaign::start(&mut op, Scope::all(), id).await.unwrap();
    op.commit().await.unwrap();
    let app = &stage.app;
    let runner = Runner {
        pool: app.pool.clone(),
        clock: app.clock.clone(),
        keeper: app.keeper.clone(),
    };
    assert_eq!(runner.sweep().await.unwrap().asked, 1);
    id
}

pub fn path(id: CampaignId, rest: &str) -> String {
    format!("/api/v1/campaigns/{id}{rest}")
}

/// This tenant of this campaign could not be asked.
async fn failed(stage: &Stage, id: CampaignId, tenant: TenantId) {
    let sql = "update campaign_tenants set state = 'failed', why = 'No mail address' where campaign_id = $1 and tenant_id = $2";
    sqlx::query(sql)
        .bind(id)
        .bind(tenant)
        .execute(&stage.world.pool)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn campaigns_are_listed_the_newest_first_and_narrowed_by_state_and_reason() {
    let (stage, script) = stage().await;
    let alder = tenant(&script, "alder", &[]).await;
    running(&stage, "First", &[alder]).await;
    draft(&stage, "Second", "permission", &[alder]).await;
    draft(&stage, "Third", "expired", &[alder]).await;
    let names = async |query: &str| {
        let found = all(&script, &format!("/api/v1/campaigns{query}")).await;
        said(&found, "/name")
    };
    assert_eq!(names("").await, ["Third", "Second", "First"]);
    assert_eq!(names("?state=draft").await, ["Third", "Second"]);
    assert_eq!(names("?reason=expired").await, ["Third", "First"]);
    assert_eq!(
        names("?state=draft&reason=permission").await,
        ["Second"],
        "both must hold"
    );
    assert!(names("?state=stopped").await.is_empty());
    let one = &all(&script, "/api/v1/campaigns?state=running").await[0];
    assert_eq!(
        (&one["per_hour"], &one["remind_days"], &one["tenants"]),
        (&json!(60), &json!(3), &json!(1))
    );
    assert_eq!(one["zone"], "America/New_York");
    let page = one["console_url"].as_str().unwrap();
    assert!(page.ends_with(&format!(
        "/monitoring/campaigns/{}",
        one["id"].as_str().unwrap()
    )));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_tells_how_many_are_at_each_stage_and_its_board_who() {
    let (stage, script) = stage().await;
    let mut tenants = Vec::new();
    for name in ["alder", "birch", "cypress", "dogwood"] {
        tenants.push(tenant(&script, name, &[]).await);
    }
    let id = running(&stage, "Autumn", &tenants).await;
    failed(&stage, id, tenants[2]).await;
    sqlx::query("update invitations set opened_at = now() where tenant_id = $1")
        .bind(tenants[0])
        .execute(&stage.world.pool)
        .await
        .unwrap();
    let one = script.get(&path(id, "")).await.json();
    assert_eq!(
        (&one["state"], &one["whole"]),
        (&json!("running"), &json!(true))
    );
    assert_eq!(
        one["stages"],
        json!({
            "waiting": 2, "sent": 0, "opened": 1, "started": 0, "consented": 0, "validated": 0, "failed": 1, "stopped": 0,
        })
    );
    let board = async |query: &str| all(&script, &path(id, &format!("/tenants{query}"))).await;
    let names = |items: &[Value]| said(items, "/tenant/short_name");
    assert_eq!(
        names(&board("").await),
        ["alder", "birch", "cypress", "dogwood"]
    );
    assert_eq!(names(&board("?stage=waiting").await), ["birch", "dogwood"]);
    assert_eq!(names(&board("?q=it@cyp").await), ["cypress"]);
    assert!(board("?stage=opened&q=birch").await.is_empty());
    let row = board("?stage=failed").await.remove(0);
    assert_eq!(
        (&row["why"], &row["invitation_email"], &row["invitation_id"]),
        (
            &json!("No mail address"),
            &json!("it@cypress.example"),
            &json!(null)
        )
    );
    let asked = board("?stage=opened").await.remove(0);
    let invitation = asked["invitation_id"].as_str().unwrap();
    let invitation = script
        .get(&format!("/api/v1/invitations/{invitation}"))
        .await;
    assert_eq!(invitation.json()["tenant"]["short_name"], "alder");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_some_tenants_sees_their_part_of_a_campaign_and_no_others() {
    let (stage, script) = stage().await;
    let mine = tenant(&script, "alder", &["gold"]).await;
    let theirs = tenant(&script, "birch", &[]).await;
    let shared = running(&stage, "Shared", &[theirs, mine]).await;
    let foreign = draft(&stage, "Foreign", "expired", &[theirs]).await;
    let gold = gold(&stage).await;
    let listed = all(&gold, "/api/v1/campaigns").await;
    assert_eq!(said(&listed, "/name"), ["Shared"]);
    let one = gold.get(&path(shared, "")).await;
    let seen = one.json();
    assert_eq!(
        (&seen["tenants"], &seen["whole"], &seen["stages"]["waiting"]),
        (&json!(1), &json!(false), &json!(1))
    );
    let board = gold.get(&path(shared, "/tenants")).await;
    assert_eq!(
        said(
            board.json()["items"].as_array().unwrap(),
            "/tenant/short_name"
        ),
        ["alder"]
    );
    for answer in [&one.text, &board.text] {
        assert!(!answer.contains("birch") && !answer.contains(&theirs.to_string()));
    }
    let absent = CampaignId::new();
    for rest in ["", "/tenants"] {
        let (found, none) = (
            gold.get(&path(foreign, rest)).await,
            gold.get(&path(absent, rest)).await,
        );
        assert_eq!((found.status, found.code()), (404, none.code()), "{rest}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_id_names_nothing_and_odd_filters_are_refused() {
    let (stage, script) = stage().await;
    let alder = tenant(&script, "alder", &[]).await;
    let id = draft(&stage, "Autumn", "expired", &[alder]).await;
    for rest in ["", "/tenants"] {
        let answer = script.get(&format!("/api/v1/campaigns/autumn{rest}")).await;
        assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"));
    }
    for wrong in ["?stage=asleep", "?colour=red", "?limit=0", "?cursor=%20"] {
        let answer = script.get(&path(id, &format!("/tenants{wrong}"))).await;
        assert_eq!(answer.status, 400, "{wrong}: {answer:?}");
    }
}
