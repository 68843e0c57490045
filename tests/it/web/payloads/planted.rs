//! Rows with hostile text in every column that a page shows, written past every check of ours: whatever a page guards itself
//! by, it is not that the text could never come there.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sqlx::AssertSqlSafe;
use tenantry::clock::random_bytes;
use tenantry::storage::{MsalErrorId, TenantId};
use time::Duration;

use crate::support::app::TestApp;
use crate::support::fleet::{Failure, Fleet};
use crate::support::hostile::{chunks, payloads};

/// States of a flow whose page shows something of what is stored; `failed …` with the word of the failure.
pub const STATES: [&str; 9] = [
    "acquiring",
    "consent_needed",
    "held",
    "complete",
    "failed wrong_person",
    "failed wrong_tenant",
    "failed guest_account",
    "failed personal_account",
    "failed not_admin",
];

pub struct Planted {
    pub app: TestApp,
    /// Tenants whose every text is a piece of the corpus: short name, id, error.
    pieces: Vec<(String, TenantId, MsalErrorId)>,
    /// Link token and flow secret of each.
    flows: Vec<(String, String)>,
}

/// Nothing stands between a row and its text.
const NO_CHECKS: &str = "do $$ declare one record; begin
    for one in select conrelid::regclass as t, conname as n from pg_constraint where contype = 'c' and conrelid::regclass::text
      in ('tenants', 'tenant_tags', 'tenant_snoozes', 'saved_views', 'technicians', 'invitations', 'tenant_status', 'technician_factors')
    loop execute format('alter table %s drop constraint %I', one.t, one.n); end loop; end $$";

pub async fn plant() -> Planted {
    let all = chunks(2_000);
    let name = all[0].clone();
    let app = TestApp::start_with(|app| {
        let mut site = (*app.site).clone();
        site.msp_name.clone_from(&name);
        site.msp_legal_name.clone_from(&name);
        site.report_to.clone_from(&name);
        site.app_name.clone_from(&name);
        app.site = Arc::new(site);
    })
    .await;
    sqlx::raw_sql(NO_CHECKS).execute(&app.pool).await.unwrap();
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    rows_of_lists(&app, &fleet).await;
    let mut planted = Planted {
        app,
        pieces: Vec::new(),
        flows: Vec::new(),
    };
    for (number, text) in all.iter().enumerate() {
        planted.piece(&fleet, number, text).await;
    }
    planted
}

/// A tenant, an invitation, a technician for each text of the corpus: lists show them all.
async fn rows_of_lists(app: &TestApp, fleet: &Fleet) {
    for (number, text) in payloads().into_iter().enumerate() {
        let id = fleet.tenant(&format!("p{number}"), text).await;
        fleet.invitation(id, Duration::days(5)).await;
        fleet.tag(id, text).await;
        for sql in [
            "update tenants set domain = $2, invitation_email = $2, admin_username = $2 where id = $1",
            "update invitations set invitation_email = $2, expected_admin = $2, reference = $2, token_hint = $2 where tenant_id = $1",
            "insert into technicians (id, email, display_name, role, created_at) values ($1, $2, $2, 'viewer', now())",
        ] {
            sqlx::query(sql)
                .bind(id.as_uuid())
                .bind(text)
                .execute(&app.pool)
                .await
                .unwrap();
        }
    }
}

impl Planted {
    /// A tenant with `text` in every place, standing well, with a sign-in to be confirmed, an error, a history.
    async fn piece(&mut self, fleet: &Fleet, number: usize, text: &str) {
        let short = format!("c{number}");
        let id = fleet.tenant(&short, text).await;
        let connection = fleet.connection(id, "active").await;
        fleet.connection(id, "pending").await;
        let error = fleet
            .error(
                id,
                Failure {
                    message: text,
                    raw: text,
                    correlation_id: text,
                    connection: Some(connection),
                    ..Failure::default()
                },
            )
            .await;
        fleet.invitation(id, Duration::days(5)).await;
        let token = format!("inv_{}", URL_SAFE_NO_PAD.encode(random_bytes::<32>()));
        let secret = URL_SAFE_NO_PAD.encode(random_bytes::<32>());
        for sql in [
            "update tenants set domain = $2, invitation_email = $2, admin_username = $2, state_reason = $2 where id = $1",
            "update invitations set invitation_email = $2, expected_admin = $2, reference = $2, token_hint = $2,
               token_hash = sha256($3::bytea) where tenant_id = $1",
            "update connections set admin_username = $2, admin_name = $2 where tenant_id = $1",
            "update msal_errors set error = $2, suberror = $2, trace_id = $2, answered_at = $2 where tenant_id = $1",
            "insert into tenant_snoozes (tenant_id, until, reason, created_at) values ($1, now() + interval '3 days', $2, now())",
            "insert into tenant_tags (tenant_id, tag) values ($1, left($2, 200))",
            "insert into audit_events (at, tenant_id, actor_type, actor_name, ip, action, object_type, object_id, details)
             select now(), $1, actor, $2, $2, action, $2, $2, jsonb_build_object('reference', $2, 'signed_in', $2, 'expected', $2,
               'reason', $2, 'why', $2, 'to', $2, 'admin_username', $2)
             from unnest(array['technician', 'customer', 'command']) actor, unnest(array['invitation.created', $2]) action",
            "insert into onboarding_flows (tenant_id, id, invitation_id, secret_hash, method, state, failure, admin_username, ip,
               signed_in_username, signed_in_tenant_id, connection_id, created_at, updated_at, expires_at)
             select $1, gen_random_uuid(), i.id, sha256($4::bytea), 'device_code', 'failed', 'wrong_person', $2, $2, $2,
               gen_random_uuid(), (select id from connections where tenant_id = $1 limit 1), now(), now(), now() + interval '15 minutes'
             from invitations i where tenant_id = $1",
        ] {
            let query = sqlx::query(AssertSqlSafe(with_types(sql)))
                .bind(id.as_uuid())
                .bind(text)
                .bind(token.as_bytes().to_vec())
                .bind(secret.as_bytes().to_vec());
            query.execute(&self.app.pool).await.unwrap();
        }
        self.pieces.push((short, id, error));
        self.flows.push((token, secret));
    }

    /// The owner's own name and login, and saved views and factors named by the whole corpus.
    pub async fn name_the_owner(&self) {
        sqlx::query("update technicians set display_name = $1 where role = 'owner'")
            .bind(chunks(2_000).remove(0))
            .execute(&self.app.pool)
            .await
            .unwrap();
        for sql in [
            "insert into saved_views (technician_id, id, name, query, created_at)
             select t.id, gen_random_uuid(), v, 'q=x', now() from technicians t, unnest($1::text[]) v where t.role = 'owner'",
            "insert into technician_factors (technician_id, id, kind, name, seed_ct, created_at, confirmed_at)
             select t.id, gen_random_uuid(), 'totp', v, '\\x01', now(), now() from technicians t, unnest($1::text[]) v
             where t.role = 'owner'",
            "update login_sessions set user_agent = array_to_string($1::text[], ' '), ip = array_to_string($1::text[], ' ')",
        ] {
            sqlx::query(sql)
                .bind(payloads())
                .execute(&self.app.pool)
                .await
                .unwrap();
        }
    }

    #[expect(clippy::unused_self, reason = "it stands beside the pages that do")]
    pub fn lists(&self) -> Vec<String> {
        [
            "/security/authentication-status",
            "/tenants?size=200",
            "/security/technicians",
            "/monitoring/customer/pending-invitations?size=200",
            "/monitoring/msal-errors?size=200",
            "/monitoring/msal-errors?fold=equal",
            "/monitoring/reports",
        ]
        .map(str::to_owned)
        .into()
    }

    pub fn pages(&self) -> Vec<String> {
        let of = |(short, id, error): &(String, TenantId, MsalErrorId)| {
            let id = id.as_uuid();
            let mut pages: Vec<String> = [
                "",
                "/edit",
                "/suspension",
                "/configuration/m365",
                "/configuration/m365/app-registration",
                "/configuration/m365/disconnect",
                "/configuration/expiry-warning",
                "/invitations?state=all",
                "/invitations/new?from=status",
                "/msal-errors",
                "/activity",
                "/activity/calls",
                "/report",
                "/tokens/graph",
            ]
            .map(|page| format!("/tenants/{short}{page}"))
            .into();
            pages.push(format!("/monitoring/msal-errors/{error}"));
            pages.push(format!(
                "/security/authentication-status/snooze?tenant={id}"
            ));
            pages.push(format!(
                "/security/authentication-status/invitations?tenant={id}"
            ));
            pages
        };
        let mut pages: Vec<String> = self.pieces.iter().flat_map(of).collect();
        pages.push("/profile".to_owned());
        pages.push("/monitoring/operations".to_owned());
        pages.push("/security/app-registration".to_owned());
        pages.push("/security/disconnect-all".to_owned());
        pages
    }

    pub fn flows(&self) -> impl Iterator<Item = (&str, &str)> {
        let flows = self.flows.iter();
        flows.map(|(token, secret)| (token.as_str(), secret.as_str()))
    }

    /// Move every flow into a state.
    pub async fn set(&self, state: &str) {
        let (state, failure) = match state.split_once(' ') {
            Some((state, failure)) => (state, Some(failure)),
            None => (state, None),
        };
        sqlx::query("update onboarding_flows set state = $1, failure = $2")
            .bind(state)
            .bind(failure)
            .execute(&self.app.pool)
            .await
            .unwrap();
    }
}

/// Postgres wants a type for every parameter, also for those that a statement does not name.
fn with_types(sql: &str) -> String {
    format!("with unused as (select $1::uuid, $2::text, $3::bytea, $4::bytea) {sql}")
}
