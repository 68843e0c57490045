//! `tenantry demo` with nothing configured: alerts and mails arrive where a visitor can read them, and a script has a key.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::program::tenantry;
use crate::support::scratch::Scratch;

struct Demo {
    process: Child,
    about: Value,
    http: reqwest::Client,
    #[expect(dead_code, reason = "it goes when the demo has gone")]
    dir: Scratch,
}

impl Demo {
    fn start() -> Self {
        let dir = Scratch::new();
        let anywhere = "127.0.0.1:0";
        let mut process = tenantry()
            .args(["demo", "--json", "--tenants", "6", "--listen", anywhere])
            .args(["--ops-listen", anywhere, "--simulator-listen", anywhere])
            .args(["--post-listen", anywhere, "--data-dir"])
            .arg(dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        #[expect(clippy::disallowed_methods, reason = "a visitor's own")]
        let http = reqwest::Client::new();
        Self {
            process,
            about: serde_json::from_str(&line).unwrap(),
            http,
            dir,
        }
    }

    fn at(&self, what: &str) -> &str {
        self.about[what].as_str().unwrap()
    }

    async fn text(&self, url: String) -> String {
        let answer = self.http.get(url).send().await.unwrap();
        answer.error_for_status().unwrap().text().await.unwrap()
    }

    /// What arrived: `kind: title`, the newest first, with the whole item.
    async fn post(&self) -> Vec<(String, Value)> {
        let all = self.text(format!("{}/items.json", self.at("post"))).await;
        let all: Vec<Value> = serde_json::from_str(&all).unwrap();
        all.into_iter()
            .map(|item| {
                let [kind, title] = ["kind", "title"].map(|name| item[name].as_str().unwrap());
                (format!("{kind}: {title}"), item)
            })
            .collect()
    }

    async fn arrives(&self, wanted: &str) -> Value {
        let found = async {
            loop {
                let post = self.post().await;
                if let Some((_, item)) = post.into_iter().find(|(what, _)| what == wanted) {
                    return item;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(90), found)
            .await
            .unwrap_or_else(|_| panic!("{wanted} does not arrive"))
    }

    async fn control(&self, path: &str, body: Value) {
        let url = format!("{}/api/{path}", self.at("simulator_control"));
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        answer.error_for_status().unwrap();
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.process);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn a_visitor_sees_an_alert_arrive_without_configuring_anything() {
    let demo = Demo::start();
    // Of what happened before the visitor came.
    let mail = demo.arrives("Mail: bayliss: authorisation expired").await;
    assert_eq!(mail["to"], "owner@harbourline.example");
    let text = mail["text"].as_str().unwrap();
    let link = format!("{}/tenants/bayliss/configuration/m365", demo.at("portal"));
    assert!(text.contains(&link), "{text}");
    let hook = demo
        .arrives("Webhook: bayliss: authorisation expired")
        .await;
    assert!(
        hook["text"]
            .as_str()
            .unwrap()
            .contains("webhook-signature: v1,")
    );
    // And of what the visitor does.
    demo.control(
        "kill",
        json!({ "tenant": "amberley.example", "cause": "password_change" }),
    )
    .await;
    demo.control("clock", json!({ "advance_seconds": 100_000 }))
        .await;
    let item = demo.arrives("Mail: amberley: authorisation expired").await;
    let page = format!("{}/{}", demo.at("post"), item["number"]);
    let page = demo.text(page).await;
    assert!(page.contains("amberley/configuration/m365\""), "{page}");
    let list = demo.text(demo.at("post").to_owned()).await;
    assert!(list.contains("amberley: authorisation expired"));

    let key = std::fs::read_to_string(demo.at("api_key_file")).unwrap();
    let url = format!("{}/api/v1/tenants", demo.at("portal"));
    let answer = demo.http.get(url).bearer_auth(key).send().await.unwrap();
    let names = answer.text().await.unwrap();
    assert!(
        names.contains("alderbrook") && !names.contains("ashdown"),
        "gold ones: {names}"
    );
}
