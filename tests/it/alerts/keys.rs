//! A key that runs through the customers: the API stops it, and everything up to the receiver happens by itself.

use std::time::Duration;

use tenantry::app::App;
use tenantry::domain::alert::{self, ChannelInput, ChannelKind, RuleInput};
use tenantry::domain::api_key::{self, NewKey, USUAL_LIFE};
use tenantry::domain::op::{Actor, Op};
use tenantry::domain::technician::{self, Role};
use tenantry::keeper::text::Text;
use tenantry::workers;
use tokio_util::sync::CancellationToken;

use super::receiver::{Heard, Receiver};
use crate::api::stage::{Stage, everything};

/// A webhook to the receiver, and a rule that tells it of suspended keys and of nothing else.
async fn tell(app: &App, receiver: &Receiver) {
    let kind = ChannelKind::Webhook;
    let input = ChannelInput {
        name: "Hook".into(),
        recipients: String::new(),
        url: Text::new(receiver.address()),
        every_minutes: String::new(),
    };
    let prepared = alert::prepare(&app.keeper, &app.guard, kind, input);
    let prepared = prepared.await.unwrap();
    let mut op = Op::begin(&app.pool, &app.clock, Actor::Command("test"))
        .await
        .unwrap();
    let channel = alert::add(&mut op, prepared).await.unwrap().id;
    let rule = RuleInput {
        name: "Keys".into(),
        events: vec!["key_suspended".into()],
        severity: "urgent".into(),
        channels: vec![channel.to_string()],
        ..RuleInput::fresh()
    };
    alert::save_rule(&mut op, None, &rule).await.unwrap();
    op.commit().await.unwrap();
}

/// What arrives, when something does.
async fn first(receiver: &Receiver) -> Heard {
    let heard = async {
        loop {
            if let Some(heard) = receiver.heard().into_iter().next() {
                return heard;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), heard)
        .await
        .expect("the alert arrives")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_runs_through_the_customers_is_an_alert_that_names_it() {
    let receiver = Receiver::start().await;
    let guard = receiver.guard();
    let stage = Stage::with(|app| app.guard = guard).await;
    tell(&stage.app, &receiver).await;
    let stop = CancellationToken::new();
    let driver = workers::start(&stage.app, &stop);
    for n in 0..=20 {
        stage.world.customer(&format!("customer{n:02}")).await;
    }
    let (id, script) = stage.key(everything("nightly")).await;
    for n in 0..20 {
        let answer = script.token(&format!("customer{n:02}"), "graph").await;
        assert_eq!(answer.code(), "not_connected", "{n}");
    }
    let suspended = "select count(*) from alert_events where kind = 'key_suspended'";
    assert_eq!(stage.count(suspended).await, 0);
    let answer = script.token("customer20", "graph").await;
    assert_eq!(answer.code(), "key_suspended");

    let heard = first(&receiver).await;
    stop.cancel();
    driver.finished().await;
    assert_eq!(heard.what(), "key_suspended told");
    let data = &heard.body["data"];
    assert_eq!(data["severity"], "urgent");
    assert_eq!(data["title"], "API key “nightly” suspended");
    assert_eq!(
        data["cause"],
        "It asked for tokens of 21 new customers within ten minutes."
    );
    let page = format!("/security/api-keys/{id}");
    assert!(data["link"].as_str().unwrap().ends_with(&page), "{data}");
    assert!(
        !heard.text.contains(&script.key) && !heard.text.contains('@'),
        "neither the key itself nor a person: {}",
        heard.text
    );
    assert_eq!(receiver.heard().len(), 1, "told once");
}

#[tokio::test]
async fn a_key_that_somebody_suspends_is_told_without_the_person_and_leads_to_its_page() {
    let stage = super::stage::Stage::new().await;
    stage.silence().await;
    let hook = stage.channel(ChannelKind::Webhook, "Hook").await;
    stage.rule(&["key_suspended"], &[hook]).await;
    let owner = stage.app.technician("kim@msp.example", Role::Owner).await;
    let mut op = stage.op().await;
    let owner = technician::find(&mut op, owner).await.unwrap().unwrap();
    let new = NewKey {
        rule: everything("nightly"),
        life: USUAL_LIFE,
    };
    let (id, _) = api_key::create(&mut op, &owner, &new).await.unwrap();
    let key = api_key::find(&mut op, None, id).await.unwrap().unwrap();
    api_key::suspend(&mut op, &key, "robin@msp.example")
        .await
        .unwrap();
    op.commit().await.unwrap();
    stage.settle().await;
    assert_eq!(stage.heard(), ["key_suspended told"]);
    let heard = stage.receiver.heard().remove(0);
    assert_eq!(
        heard.body["data"]["cause"],
        "Somebody suspended it by hand."
    );
    assert!(!heard.text.contains("robin"), "{}", heard.text);

    let admin = stage.app.login(Role::Admin).await;
    let page = admin.get("/configuration/alerts").await;
    let key_page = format!("/security/api-keys/{id}");
    assert_eq!(
        page.attributes("td[data-label=Tenant] a", "href"),
        std::slice::from_ref(&key_page)
    );
    let page = admin.get(&key_page).await;
    assert!(page.text().contains("Suspended by robin@msp.example."));
}
