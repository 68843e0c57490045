//! `/csp-reports`: what browsers report when a page of ours held something that its content policy refuses. Anybody may write
//! here, so that a report is counted by directive and nothing else of it is kept, shown or logged.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::kit::error::WebResult;
use super::kit::peer::Asker;
use super::kit::{json, limit};
use crate::app::App;
use crate::domain::op::{Actor, Op};
use crate::domain::operations::{self, Directive};
use crate::domain::request_limit::{Door, Who};

/// Longest body in bytes; a report holds a few addresses and a sample of forty characters.
const LONGEST: usize = 16 * 1024;
/// Reports of one body that count; browsers collect them for a minute.
const MOST: usize = 50;

/// A report of the Reporting API (W3C, `application/reports+json` holds a list of them).
#[derive(Debug, Deserialize)]
struct Report {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    body: Violation,
}

/// The older form of CSP 2, `application/csp-report`.
#[derive(Debug, Deserialize)]
struct Older {
    #[serde(rename = "csp-report")]
    report: Violation,
}

#[derive(Debug, Default, Deserialize)]
struct Violation {
    #[serde(default, rename = "effectiveDirective")]
    effective: String,
    /// The older form's name; with the directive's values behind it.
    #[serde(default, rename = "violated-directive")]
    violated: String,
}

impl Violation {
    fn directive(&self) -> Directive {
        Directive::of(if self.effective.is_empty() {
            &self.violated
        } else {
            &self.effective
        })
    }
}

/// POST: count. Whoever sends nonsense learns no more than that it is none.
pub async fn take(
    State(app): State<App>,
    asker: Asker,
    headers: HeaderMap,
    body: Bytes,
) -> WebResult<Response> {
    if body.len() > LONGEST {
        return Ok(StatusCode::PAYLOAD_TOO_LARGE.into_response());
    }
    let Some(directives) = directives(&headers, &body) else {
        return Ok(StatusCode::BAD_REQUEST.into_response());
    };
    let visitor = Actor::Visitor {
        ip: asker.ip.clone(),
    };
    let mut op = Op::begin(&app.pool, &app.clock, visitor)
        .await?
        .for_request(&asker.request_id);
    limit::pass(&mut op, Door::CspReport, Who::Address(&asker.ip)).await?;
    operations::count_csp_reports(&mut op, &directives).await?;
    op.commit().await?;
    for directive in &directives {
        tracing::warn!(
            csp.directive = directive.as_str(),
            request.id = asker.request_id,
            "a browser refused something on a page of ours ({})",
            directive.as_str()
        );
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The directives that were hurt, one a report; none when this is no report.
fn directives(headers: &HeaderMap, body: &[u8]) -> Option<Vec<Directive>> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let kind = kind.split(';').next()?.trim();
    if !json::is_shallow(body) {
        return None;
    }
    let found: Vec<Directive> = match kind {
        "application/reports+json" => {
            let reports: Vec<Report> = serde_json::from_slice(body).ok()?;
            let of_policy = reports
                .into_iter()
                .filter(|report| report.kind == "csp-violation");
            of_policy.map(|report| report.body.directive()).collect()
        }
        "application/csp-report" => {
            let older: Older = serde_json::from_slice(body).ok()?;
            vec![older.report.directive()]
        }
        _ => return None,
    };
    (!found.is_empty()).then(|| found.into_iter().take(MOST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &'static str, body: &str) -> Option<Vec<&'static str>> {
        let headers = [(header::CONTENT_TYPE, kind.parse().unwrap())]
            .into_iter()
            .collect();
        let found = directives(&headers, body.as_bytes())?;
        Some(found.into_iter().map(Directive::as_str).collect())
    }

    #[test]
    fn both_forms_are_understood() {
        let list = r#"[{"type":"csp-violation","age":1,"url":"https://x/","body":{"effectiveDirective":"script-src-elem","sample":"x"}},
          {"type":"deprecation","body":{"id":"y"}}, {"type":"csp-violation","body":{"effectiveDirective":"img-src"}}]"#;
        let found = read("application/reports+json", list).unwrap();
        assert_eq!(found, ["script-src", "img-src"]);
        let older = r#"{"csp-report":{"effective-directive":"style-src-attr","violated-directive":"style-src 'nonce-x'","blocked-uri":"inline"}}"#;
        let found = read("application/csp-report; charset=utf-8", older).unwrap();
        assert_eq!(found, ["style-src"]);
    }

    #[test]
    fn what_is_no_report_counts_for_nothing() {
        for (kind, body) in [
            ("text/plain", "[]"),
            ("application/json", r#"{"csp-report":{}}"#),
            ("application/reports+json", "[]"),
            ("application/reports+json", "{}"),
            (
                "application/reports+json",
                r#"[{"type":"deprecation","body":{}}]"#,
            ),
            ("application/csp-report", "\u{0}"),
            ("application/csp-report", "[[[[[["),
        ] {
            assert_eq!(read(kind, body), None, "{kind} {body}");
        }
        let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
        assert_eq!(read("application/reports+json", &deep), None);
    }

    #[test]
    fn an_invented_directive_is_one_of_the_others() {
        let body = r#"{"csp-report":{"violated-directive":"<script>alert(1)</script>"}}"#;
        assert_eq!(read("application/csp-report", body).unwrap(), ["other"]);
    }
}
