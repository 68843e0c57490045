//! Stopping a campaign by a script.

use serde_json::json;
use tenantry::domain::api_key::{ApiScope, Rule};
use tenantry::storage::CampaignId;

use super::super::stage::everything;
use super::campaigns::{draft, path, running, tenant};
use super::{gold, last_act, post_once, stage};

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_is_stopped_once_and_it_is_written_down_as_on_its_page() {
    let (stage, script) = stage().await;
    let (asked, waiting) = (
        tenant(&script, "alder", &[]).await,
        tenant(&script, "birch", &[]).await,
    );
    let id = running(&stage, "Autumn", &[asked, waiting]).await;
    let wanted = json!({ "withdraw_links": true });
    let done = post_once(&script, &path(id, "/stop"), "one", &wanted).await;
    assert_eq!(done.status, 200, "{done:?}");
    let ended = done.json();
    assert_eq!(
        (
            &ended["tenants_stopped"],
            &ended["mails_cancelled"],
            &ended["links_withdrawn"]
        ),
        (&json!(2), &json!(1), &json!(1))
    );
    assert_eq!(ended["campaign"]["state"], "stopped");
    assert_eq!(ended["campaign"]["stages"]["stopped"], 2);
    let (kind, name, details) = last_act(&stage, "campaign.stopped").await;
    assert_eq!(kind, "key");
    assert!(name.starts_with("rest ("), "{name}");
    assert_eq!(
        details,
        json!({ "name": "Autumn", "tenants": 2, "stopped": 1, "links_ended": 1 })
    );
    let good = stage
        .count("select count(*) from invitations i join tenants t on t.id = i.tenant_id where t.short_name = 'alder' and i.state = 'open'")
        .await;
    assert_eq!(good, 0, "its link is withdrawn");

    let again = post_once(&script, &path(id, "/stop"), "one", &wanted).await;
    assert_eq!((again.status, again.json()), (200, ended));
    assert_eq!(again.header("idempotency-replayed"), "true");
    let late = script.post(&path(id, "/stop"), &wanted).await;
    assert_eq!((late.status, late.code().as_str()), (409, "other_state"));
    let acts = stage
        .count("select count(*) from audit_events where action = 'campaign.stopped'")
        .await;
    assert_eq!(acts, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_stay_good_unless_it_is_said_and_a_draft_has_nothing_to_stop() {
    let (stage, script) = stage().await;
    let alder = tenant(&script, "alder", &[]).await;
    let id = running(&stage, "Autumn", &[alder]).await;
    let done = script.post(&path(id, "/stop"), &json!({})).await.json();
    assert_eq!(done["links_withdrawn"], 0);
    let good = stage
        .count("select count(*) from invitations i join tenants t on t.id = i.tenant_id where t.short_name = 'alder' and i.state = 'open'")
        .await;
    assert_eq!(good, 1);
    let draft = draft(&stage, "Winter", "expired", &[alder]).await;
    let refused = script.post(&path(draft, "/stop"), &json!({})).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (409, "other_state")
    );
    let odd = script
        .post(&path(draft, "/stop"), &json!({ "links": true }))
        .await;
    assert_eq!((odd.status, odd.code().as_str()), (422, "unknown_field"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_some_tenants_stops_what_is_theirs_alone() {
    let (stage, script) = stage().await;
    let mine = tenant(&script, "alder", &["gold"]).await;
    let theirs = tenant(&script, "birch", &[]).await;
    let shared = running(&stage, "Shared", &[theirs, mine]).await;
    let foreign = draft(&stage, "Foreign", "expired", &[theirs]).await;
    let own = running(&stage, "Own", &[mine]).await;
    let gold = gold(&stage).await;
    let stop = async |id| gold.post(&path(id, "/stop"), &json!({})).await;
    let refused = stop(shared).await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "limited"));
    let why = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(
        why.contains("tenants that this key does not reach"),
        "{why}"
    );
    let (found, none) = (stop(foreign).await, stop(CampaignId::new()).await);
    assert_eq!((found.status, found.code()), (404, none.code()));
    let states = "select count(*) from campaigns where state = 'stopped'";
    assert_eq!(stage.count(states).await, 0);
    assert_eq!(stop(own).await.status, 200);
    assert_eq!(stage.count(states).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_reads_campaigns_stops_none() {
    let (stage, script) = stage().await;
    let alder = tenant(&script, "alder", &[]).await;
    let id = running(&stage, "Autumn", &[alder]).await;
    let reads = Rule {
        scopes: vec![ApiScope::CampaignsRead],
        ..everything("reads")
    };
    let (_, reader) = stage.key(reads).await;
    assert_eq!(reader.get(&path(id, "")).await.status, 200);
    let refused = reader.post(&path(id, "/stop"), &json!({})).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (403, "scope_missing")
    );
    assert_eq!(refused.json()["scope"], "campaigns:write");
}
