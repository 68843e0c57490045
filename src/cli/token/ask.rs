//! The question to the portal, asked again while it says "later", and what its refusals mean for whoever runs a script.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use reqwest::StatusCode;
use reqwest::header::RETRY_AFTER;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::Url;

use crate::domain::line::plain;
use crate::outbound::{self, Build, Limits};

/// The longest pause between two questions.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

pub(super) struct Question<'a> {
    pub portal: Url,
    pub tenant: &'a str,
    pub resource: &'a str,
    pub min_ttl: Option<u32>,
    pub reason: Option<&'a str>,
    pub ca_file: Option<&'a Path>,
    /// How long to go on asking when the portal says "later".
    pub wait: Duration,
}

impl Question<'_> {
    /// The portal's answer with the token.
    pub(super) async fn ask(&self, key: &SecretString) -> anyhow::Result<Value> {
        let client = self.client()?;
        let (address, body) = (self.address()?, self.body().to_string());
        let until = Instant::now() + self.wait;
        loop {
            let request = client
                .post(address.clone())
                .bearer_auth(key.expose_secret())
                .header(reqwest::header::CONTENT_TYPE, "application/json")
                .body(body.clone());
            let mut response = request
                .send()
                .await
                .with_context(|| format!("{} does not answer", self.portal))?;
            let (status, pause) = (response.status(), retry_after(&response));
            let (body, cut) = outbound::body(&mut response, Limits::default().body).await;
            if cut.is_some() {
                bail!("the answer of {} broke off; run it again", self.portal);
            }
            let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
            if status == StatusCode::OK {
                return Ok(answer);
            }
            let later = matches!(
                status,
                StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
            );
            let pause = pause.unwrap_or(Duration::from_secs(5)).min(LONGEST_PAUSE);
            if !later || Instant::now() + pause > until {
                bail!("{}", refusal(status, &answer));
            }
            tokio::time::sleep(pause).await;
        }
    }

    fn client(&self) -> anyhow::Result<reqwest::Client> {
        let roots = self.ca_file.map(|file| {
            std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))
        });
        let roots = roots.transpose()?;
        // A refresh asks Microsoft first.
        let limits = Limits {
            whole: Duration::from_secs(110),
            ..Limits::default()
        };
        let build = Build {
            direct: outbound::is_loopback(&self.portal),
            extra_root_ca_pem: roots.as_deref(),
            ..Build::default()
        };
        Ok(outbound::client(limits, build)?)
    }

    fn address(&self) -> anyhow::Result<Url> {
        let mut address = self.portal.clone();
        match address.path_segments_mut() {
            Ok(mut path) => {
                path.pop_if_empty()
                    .extend(["api", "v1", "tenants", self.tenant, "access-tokens"]);
            }
            Err(()) => bail!("{} cannot be extended by a path", self.portal),
        }
        Ok(address)
    }

    fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("resource".to_owned(), self.resource.into());
        if let Some(seconds) = self.min_ttl {
            body.insert("min_ttl".to_owned(), seconds.into());
        }
        if let Some(reason) = self.reason {
            body.insert("reason".to_owned(), reason.into());
        }
        Value::Object(body)
    }
}

fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    Some(Duration::from_secs(seconds.parse().ok()?))
}

/// The token in an answer.
pub(super) fn token_of(answer: &Value) -> anyhow::Result<&str> {
    let token = answer.get("access_token").and_then(Value::as_str);
    token.context("the answer holds no access token: is --url the address of a Tenantry portal?")
}

/// A refusal for people: what is so, who acts, where to look. Whatever another site answers is shortened and kept on lines.
fn refusal(status: StatusCode, problem: &Value) -> String {
    let short = |text: &str| -> String { plain(text).chars().take(400).collect() };
    let word = |name: &str| {
        let text = problem.get(name).and_then(Value::as_str);
        Some(short(text.unwrap_or_default())).filter(|text| !text.is_empty())
    };
    let Some(title) = word("title") else {
        return format!("the portal answered {status}; is --url the address of a Tenantry portal?");
    };
    let mut lines = vec![match word("detail") {
        Some(detail) => format!("{title}: {detail}"),
        None => title,
    }];
    let labels = [
        ("cause", "cause"),
        ("who_acts", "who acts"),
        ("console_url", "look at"),
        ("request_id", "reference"),
    ];
    for (name, label) in labels {
        if let Some(text) = word(name) {
            lines.push(format!("  {label}: {text}"));
        }
    }
    for error in problem
        .get("errors")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .take(10)
    {
        let part = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        let text = format!("{}: {}", part("field"), part("message"));
        lines.push(format!("  {}", short(&text)));
    }
    let steps: Vec<&str> = match problem.get("remedy") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    for step in steps.into_iter().take(10) {
        lines.push(format!("  what to do: {}", short(step)));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_says_what_is_so_who_acts_and_where_to_look() {
        let problem = json!({
            "title": "The connection needs a person", "code": "connection_dead", "cause": "password_changed",
            "who_acts": "customer_admin", "remedy": ["Send an invitation."], "console_url": "https://p.example/tenants/a",
        });
        assert_eq!(
            refusal(StatusCode::CONFLICT, &problem),
            "The connection needs a person\n  cause: password_changed\n  who acts: customer_admin\n  look at: \
             https://p.example/tenants/a\n  what to do: Send an invitation."
        );
        let problem = json!({
            "title": "Some fields cannot be taken", "errors": [{"field": "reason", "message": "At most 200 characters."}],
        });
        assert_eq!(
            refusal(StatusCode::UNPROCESSABLE_ENTITY, &problem),
            "Some fields cannot be taken\n  reason: At most 200 characters."
        );
        assert!(refusal(StatusCode::NOT_FOUND, &Value::Null).contains("--url"));
    }

    #[test]
    fn a_tenants_name_stays_one_part_of_the_address() {
        let question = Question {
            portal: "https://p.example/".parse().unwrap(),
            tenant: "../../x?y",
            resource: "graph",
            min_ttl: Some(600),
            reason: None,
            ca_file: None,
            wait: Duration::ZERO,
        };
        assert_eq!(
            question.address().unwrap().as_str(),
            "https://p.example/api/v1/tenants/..%2F..%2Fx%3Fy/access-tokens"
        );
        assert_eq!(
            question.body(),
            json!({ "resource": "graph", "min_ttl": 600 })
        );
    }
}
