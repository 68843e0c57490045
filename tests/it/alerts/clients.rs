//! What others made: the reference libraries of Standard Webhooks verify what the real keeper signs, and aiosmtpd takes our mail.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tenantry::domain::alert::{self, ChannelInput, ChannelKind, Courier};
use tenantry::domain::op::{Actor, Op};
use tenantry::keeper::text::Text;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::receiver::Receiver;
use crate::support::keeper::World;
use crate::support::packages;
use crate::support::smtp::mailer;

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/webhooks");

fn verdict(mut command: Command, input: &Value) -> Value {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.to_string().as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn the_reference_libraries_verify_our_signatures_and_nothing_that_was_changed() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let receiver = Receiver::start().await;
    let courier = Courier {
        pool: world.db.web(),
        clock: world.clock.clone(),
        keeper: keeper.client.clone(),
        mailer: None,
        guard: receiver.guard(),
        base_url: "https://portal.example".parse().unwrap(),
        msp_name: "Nordwind".into(),
    };
    let input = ChannelInput {
        name: "Hook".into(),
        recipients: String::new(),
        url: Text::new(receiver.address()),
        every_minutes: String::new(),
    };
    let kind = ChannelKind::Webhook;
    let prepared = alert::prepare(&courier.keeper, &courier.guard, kind, input)
        .await
        .unwrap();
    let begin = || Op::begin(&courier.pool, &courier.clock, Actor::Command("test"));
    let mut op = begin().await.unwrap();
    let created = alert::add(&mut op, prepared).await.unwrap();
    let first = created.secret.unwrap().expose().to_owned();
    alert::test(&mut op, created.id, "https://portal.example/".into())
        .await
        .unwrap();
    op.commit().await.unwrap();
    assert_eq!(alert::deliver(&courier).await.unwrap(), (1, 0));
    // With a new key beside it both are right.
    let mut op = begin().await.unwrap();
    let channel = alert::channel(&mut op, created.id).await.unwrap().unwrap();
    op.roll_back().await.unwrap();
    let sealed = alert::make_key(&courier.keeper, &channel).await.unwrap();
    let mut op = begin().await.unwrap();
    let second = alert::rotate(&mut op, created.id, channel.key, sealed)
        .await
        .unwrap()
        .expose()
        .to_owned();
    alert::test(&mut op, created.id, "https://portal.example/".into())
        .await
        .unwrap();
    op.commit().await.unwrap();
    assert_eq!(alert::deliver(&courier).await.unwrap(), (1, 0));
    let heard = receiver.heard();
    let input = json!({
        "keys": [first, second],
        "messages": heard.iter().map(|one| json!({ "headers": one.headers, "body": one.text })).collect::<Vec<_>>(),
    });
    let mut python3 = Command::new("python3");
    python3
        .arg(Path::new(HERE).join("verify.py"))
        .env("PYTHONPATH", packages::pip("webhooks"));
    let mut node = Command::new("node");
    node.arg(Path::new(HERE).join("verify.cjs"))
        .env("NODE_PATH", packages::npm("webhooks"));
    // Of each message: by the first key, by the second, changed.
    let expected = json!([[true, false, false], [true, true, false]]);
    assert_eq!(verdict(python3, &input), expected);
    assert_eq!(verdict(node, &input), expected);
    // The sealed values are nowhere in the clear.
    let clear = "select count(*) from alert_channel_secrets where position(convert_to('receiver', 'UTF8') in ct) > 0";
    assert_eq!(world.number(clear).await, 0);
    let denied = sqlx::query("select ct from alert_channel_secrets")
        .fetch_all(&courier.pool)
        .await;
    assert!(denied.is_err(), "the portal's login reads no sealed value");
}

#[tokio::test]
async fn a_real_mail_server_takes_alerts_as_text_and_html_under_their_own_ids() {
    let stage = super::stage::Stage::new().await;
    stage.silence().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut server = tokio::process::Command::new("python3")
        .arg(Path::new(HERE).join("smtp.py"))
        .arg(free.to_string())
        .env("PYTHONPATH", packages::pip("webhooks"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let port: u16 = lines.next_line().await.unwrap().unwrap().parse().unwrap();
    let desk = stage.channel(ChannelKind::Mail, "Desk").await;
    stage.rule(&["expired"], &[desk]).await;
    let (_, connection) = stage.tenant("ashgrove").await;
    stage.dies(connection).await;
    stage.look().await;
    let mut courier = stage.courier();
    courier.mailer = Some(mailer(port));
    assert_eq!(alert::deliver(&courier).await.unwrap(), (1, 0));
    let letter: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
    assert_eq!(letter["to"], json!(["desk@msp.example"]));
    let sql = "select id::text from alert_deliveries";
    let id: String = sqlx::query_scalar(sql)
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
    let text = letter["letter"].as_str().unwrap();
    for part in [
        &format!("Message-ID: <{id}@harbourline.example>"),
        "text/plain",
        "text/html",
        "ashgrove: authorisation expired",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}
