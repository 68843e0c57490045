//! `/metrics`: well-formed, complete, named by convention, about no tenant; and what our dashboard and alert rules ask of it.

use std::collections::BTreeSet;
use std::convert::Infallible;

use axum::body::Body;
use axum::http::Request;
use openmetrics_parser::openmetrics::parse_openmetrics;
use promql_parser::parser::{self, Expr};
use promql_parser::util::{ExprVisitor, walk_expr};
use tenantry::domain::op::{Actor, Op};
use tenantry::domain::operations;
use tenantry::web::ops;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::support::app::TestApp;
use crate::support::fleet::{Failure, Fleet};

async fn metrics(app: &TestApp) -> String {
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let router = ops::router(app.app.clone(), CancellationToken::new());
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let kind = response.headers()["content-type"].to_str().unwrap();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    let body = axum::body::to_bytes(response.into_body(), 1 << 20)
        .await
        .unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

/// A portal that has something of everything.
async fn full() -> TestApp {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let alder = fleet.tenant("alder", "Alder Clinics").await;
    fleet.connection(alder, "active").await;
    fleet.error(alder, Failure::default()).await;
    for sql in [
        "insert into call_totals (operation, outcome, calls, seconds, durations)
         values ('refresh', 'ok', 4, 0.5, '{1,2,1,0,0,0,0,0,0,0}'), ('refresh', 'refused', 1, 0.1, '{0,1,0,0,0,0,0,0,0,0}')",
        "insert into keepers (id, in_flight, waiting) values (gen_random_uuid(), 3, 5)",
        "insert into breakers (name, times, shut_until) values ('authority', 1, now() + interval '1 minute')",
        "insert into incidents (id, kind, cause, opened_at, last_seen_at, holds_until)
         values (gen_random_uuid(), 'mass', 'mass:x', now(), now(), now())",
        "insert into worker_runs (name, about, period_s, runs, failed_runs, failures, last_run_at, last_good_at, duration_ms, last_word)
         values ('old samples', 'Thins', 60, 5, 1, 0, now(), now(), 3, 'done')",
        "insert into alerts (id, tenant_id, event, severity, began_at, opened_at, closed_at)
         select gen_random_uuid(), t.id, 'expired', 'urgent', now(), now(), at from tenants t, (values (null), (now())) v (at)",
        "update alert_channels set last_ok_at = now() - interval '1 hour', last_outcome = 'accepted'",
        "insert into alert_deliveries (id, channel_id, step, content, created_at, next_at, state, attempts)
         select gen_random_uuid(), id, 'told', '{}', now(), now(), 'failed', 9 from alert_channels",
    ] {
        sqlx::query(sql).execute(&app.pool).await.unwrap();
    }
    let mut op = Op::begin(&app.app.pool, &app.clock, Actor::Command("test"))
        .await
        .unwrap();
    operations::record_mail(&mut op, None, "invitation", "")
        .await
        .unwrap();
    assert!(operations::take_sample(&mut op).await.unwrap());
    op.commit().await.unwrap();
    app
}

/// Without what `OpenMetrics` allows and the parser does not know: families that have no number yet, the unit of a histogram.
fn as_parsed(text: &str) -> String {
    let has_number = |family: &str| {
        text.lines()
            .filter(|line| !line.starts_with('#'))
            .any(|line| line.starts_with(family))
    };
    let keep = |line: &&str| match line.split(' ').collect::<Vec<_>>()[..] {
        ["#", "UNIT", family, _] if text.contains(&format!("# TYPE {family} histogram")) => false,
        ["#", "HELP" | "TYPE" | "UNIT", family, ..] => has_number(family),
        _ => true,
    };
    text.lines()
        .filter(keep)
        .flat_map(|line| [line, "\n"])
        .collect()
}

/// Every name that can be asked for.
fn names(text: &str) -> BTreeSet<String> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types
        .flat_map(|line| {
            let (name, kind) = line.split_once(' ').unwrap();
            let endings: &[&str] = match kind {
                "counter" => &["_total"],
                "histogram" => &["_bucket", "_sum", "_count"],
                _ => &[""],
            };
            endings.iter().map(move |ending| format!("{name}{ending}"))
        })
        .collect()
}

#[tokio::test]
async fn a_strict_parser_reads_them_empty_and_full() {
    for app in [TestApp::start().await, full().await] {
        let text = metrics(&app).await;
        let read = parse_openmetrics(&as_parsed(&text))
            .unwrap_or_else(|error| panic!("{error:?}\n{text}"));
        for (name, family) in &read.families {
            assert!(name.starts_with("tenantry_"), "{name}");
            assert!(!family.help.is_empty(), "{name} says what it is");
            let base = ["seconds", "bytes", ""];
            assert!(base.contains(&family.unit.as_str()), "{name}");
        }
    }
}

#[tokio::test]
async fn the_figures_are_those_of_the_installation() {
    let text = metrics(&full().await).await;
    for line in [
        "tenantry_tenants{state=\"valid\"} 1",
        "tenantry_entra_requests_total{operation=\"refresh\",outcome=\"ok\"} 4",
        "tenantry_entra_request_duration_seconds_bucket{le=\"0.1\",operation=\"refresh\",outcome=\"ok\"} 3",
        "tenantry_entra_request_duration_seconds_bucket{le=\"+Inf\",operation=\"refresh\",outcome=\"ok\"} 4",
        "tenantry_msal_errors_total{cause=\"password_changed\"} 1",
        "tenantry_keepers 1",
        "tenantry_keeper_requests_in_flight 3",
        "tenantry_keeper_requests_waiting 5",
        "tenantry_breakers_shut 1",
        "tenantry_open_incidents{kind=\"mass\"} 1",
        "tenantry_worker_failed_runs_total{worker=\"old samples\"} 1",
        "tenantry_mails_last_day{kind=\"invitation\",result=\"sent\"} 1",
        "tenantry_alerts_open{severity=\"urgent\"} 1",
        "tenantry_alerts_open{severity=\"info\"} 0",
        "tenantry_alert_messages_refused{kind=\"owners\"} 1",
    ] {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let number_of = |found| str::strip_prefix(found, name)?.strip_prefix(' ');
        let found = text.lines().find_map(number_of);
        let found = found.unwrap_or_else(|| panic!("{name} in\n{text}"));
        let number = |text: &str| text.trim().parse::<f64>().unwrap();
        assert!(
            (number(found) - number(value)).abs() < 1e-9,
            "{line}: {found}"
        );
    }
}

#[tokio::test]
async fn no_tenant_is_named() {
    let text = metrics(&full().await).await.to_lowercase();
    assert!(!text.contains("alder"), "{text}");
}

/// The names that an expression asks for.
#[derive(Default)]
struct Asked(BTreeSet<String>);

impl ExprVisitor for Asked {
    type Error = Infallible;

    fn pre_visit(&mut self, expr: &Expr) -> Result<bool, Infallible> {
        let selector = match expr {
            Expr::VectorSelector(selector) => Some(selector),
            Expr::MatrixSelector(matrix) => Some(&matrix.vs),
            _ => None,
        };
        self.0.extend(selector.and_then(|s| s.name.clone()));
        Ok(true)
    }
}

fn asked(expression: &str) -> BTreeSet<String> {
    let parsed = parser::parse(expression);
    let parsed = parsed.unwrap_or_else(|error| panic!("{expression}: {error}"));
    let mut asked = Asked::default();
    let Ok(_) = walk_expr(&mut asked, &parsed);
    asked.0
}

fn check(expression: &str, there: &BTreeSet<String>, place: &str) {
    let asked = asked(expression);
    assert!(!asked.is_empty(), "{place} asks for nothing: {expression}");
    for name in asked.iter().filter(|name| *name != "up") {
        assert!(
            there.contains(name),
            "{place} asks for {name}, which is not there"
        );
    }
}

#[tokio::test]
async fn alert_rules_ask_only_for_what_is_there() {
    let there = names(&metrics(&full().await).await);
    let rules: serde_json::Value =
        serde_yaml_ng::from_str(include_str!("../../../docs/alerts/tenantry.yml")).unwrap();
    let rules = rules["groups"][0]["rules"].as_array().unwrap();
    assert!(rules.len() >= 10);
    for rule in rules {
        let name = rule["alert"].as_str().unwrap();
        check(rule["expr"].as_str().unwrap(), &there, name);
        let severity = rule["labels"]["severity"].as_str().unwrap();
        assert!(["warning", "critical"].contains(&severity), "{name}");
        assert!(rule["annotations"]["summary"].is_string(), "{name}");
    }
}

#[tokio::test]
async fn the_dashboard_asks_only_for_what_is_there() {
    let there = names(&metrics(&full().await).await);
    let board: serde_json::Value =
        serde_json::from_str(include_str!("../../../docs/grafana/tenantry.json")).unwrap();
    assert!(board["schemaVersion"].as_i64().unwrap() >= 36);
    let panels = board["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels
        .iter()
        .map(|panel| panel["id"].as_i64().unwrap())
        .collect();
    assert_eq!(ids.len(), panels.len(), "each panel has its own id");
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        let place = &panel["gridPos"];
        assert!(
            place["x"].as_i64().unwrap() + place["w"].as_i64().unwrap() <= 24,
            "{title}"
        );
        for target in panel["targets"].as_array().unwrap() {
            check(target["expr"].as_str().unwrap(), &there, title);
        }
    }
}
