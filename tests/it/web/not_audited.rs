//! Without its audit entry no act is done: with a log that takes nothing, every changing route of the inventory fails or does
//! nothing, says so, and the database is as it was. A route that is new is in here because it is mounted.

use tenantry::domain::technician::Role;
use tenantry::web;

use super::matrix::addresses::World;
use super::matrix::state::fingerprint;
use crate::support::app::TestApp;

/// Fields with which these routes would do what they are for. The others are sent without any, and change nothing either.
const FIELDS: [(&str, &[(&str, &str)]); 12] = [
    (
        "/tenants",
        &[
            ("short_name", "cedar"),
            ("full_name", "Cedar Group"),
            ("domain", "cedar.example"),
            ("invitation_email", ""),
            ("admin_username", ""),
            ("tags", ""),
            ("resource_graph", "required"),
            ("resource_exchange", "off"),
            ("resource_teams", "off"),
            ("resource_azure", "off"),
        ],
    ),
    ("/tenants/{short}/suspension", &[("reason", "Asked for it")]),
    ("/tenants/{short}/archival", &[("reason", "Has left")]),
    (
        "/tenants/{short}/configuration/expiry-warning",
        &[("lead_days", "21")],
    ),
    (
        "/tenants/{short}/invitations",
        &[
            ("invitation_email", ""),
            ("admin_username", "admin@ashgrove.example"),
            ("method", "device_code"),
            ("validity_hours", "168"),
        ],
    ),
    (
        "/security/technicians",
        &[
            ("email", "new@msp.example"),
            ("name", "New One"),
            ("role", "technician"),
        ],
    ),
    (
        "/security/api-keys",
        &[
            ("name", "Nightly report"),
            ("scope", "tenants:read"),
            ("reach", "all"),
            ("days", "30"),
        ],
    ),
    ("/security/technicians/{id}/role", &[("role", "technician")]),
    ("/security/technicians/{id}/reset", &[]),
    ("/security/technicians/{id}/disabling", &[]),
    ("/tenants/{short}/invitations/{id}/revocation", &[]),
    (
        "/configuration/permissions",
        &[
            ("base", "1"),
            ("permission", "graph:delegated:Policy.Read.All"),
            ("note", "The report needs it"),
        ],
    ),
];

#[tokio::test]
async fn a_log_that_takes_nothing_stops_every_change() {
    let app = TestApp::start().await;
    let world = World::new(&app).await;
    let browser = app.login(Role::Owner).await;
    sqlx::raw_sql(
        "create function take_nothing() returns trigger language plpgsql as $$ begin raise exception 'disk full'; end $$;
         create trigger take_nothing before insert on audit_events for each row execute function take_nothing()",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    let before = fingerprint(&app.pool).await;
    let mut stopped = Vec::new();
    for route in web::inventory() {
        // Whoever logs out ends what the test goes on with; that a login ends must not hang on the log.
        if !route.changes() || route.path == "/logout" {
            continue;
        }
        let known = FIELDS.iter().find(|(path, _)| *path == route.path);
        let fields = known.map_or(&[][..], |(_, fields)| fields);
        let page = browser.post(&world.own(&route.path), fields).await;
        assert_ne!(page.status, 500, "{}: {}", route.path, page.text());
        let after = fingerprint(&app.pool).await;
        assert_eq!(after, before, "{} changed something", route.path);
        if page.text().contains("audit log cannot be written") {
            assert_eq!(page.status, 503, "{}", route.path);
            stopped.push(route.path);
        } else if known.is_some() {
            panic!(
                "{} did not come as far as the log: {} {}",
                route.path,
                page.status,
                page.text()
            );
        }
    }
    assert!(stopped.len() >= FIELDS.len(), "{stopped:?}");
    sqlx::raw_sql("drop trigger take_nothing on audit_events")
        .execute(&app.pool)
        .await
        .unwrap();
    let (path, fields) = FIELDS[1];
    let page = browser.post(&world.own(path), fields).await;
    assert!(page.status < 400, "{path} works again: {}", page.status);
}
