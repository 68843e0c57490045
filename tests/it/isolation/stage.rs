//! A fleet of tenants with rows in every table that names them, and two technicians who share none of it.

use sqlx::PgPool;
use tenantry::domain::technician::Role;
use tenantry::storage::{MsalErrorId, TechnicianId, TenantId};
use time::Duration;
use uuid::Uuid;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::fleet::{Failure, Fleet};
use crate::support::page::Page;

/// Tenants of the fleet; every second one is `gold`.
pub const TENANTS: usize = 8;

/// One tenant, and what stands in no page of somebody who may not see it.
#[derive(Clone, Debug)]
pub struct Customer {
    pub id: TenantId,
    pub short_name: String,
    pub gold: bool,
    pub error: MsalErrorId,
    /// Texts and ids that are this tenant's alone.
    pub marks: Vec<String>,
    /// Ids by which forms and addresses name what is theirs.
    pub connection: Uuid,
    pub invitation: Uuid,
    /// One for this tenant alone.
    pub campaign: Uuid,
}

pub struct Stage {
    pub app: TestApp,
    pub fleet: Fleet,
    pub customers: Vec<Customer>,
    /// One that touches only a gold tenant, one that touches only another.
    pub incidents: [Uuid; 2],
    pub owner: Browser,
    /// Sees the gold ones and no others.
    pub gold: Browser,
    pub gold_id: TechnicianId,
    /// Sees all but the gold ones.
    pub rest: Browser,
}

impl Stage {
    pub async fn new() -> Self {
        let app = TestApp::start().await;
        let fleet = Fleet::new(&app.db, app.clock.now()).await;
        let mut customers = Vec::new();
        for number in 0..TENANTS {
            customers.push(customer(&app, &fleet, number).await);
        }
        incident(&app.pool, &customers).await;
        let incidents = [
            incident(&app.pool, &customers[..1]).await,
            incident(&app.pool, &customers[1..2]).await,
        ];
        let owner = app.login(Role::Owner).await;
        let gold_id = app.technician("gold@msp.example", Role::Technician).await;
        let rest_id = app.technician("rest@msp.example", Role::Admin).await;
        limit(&owner, gold_id, &[("reach", "only"), ("tag", "gold")]).await;
        limit(&owner, rest_id, &[("reach", "except"), ("tag", "gold")]).await;
        Self {
            gold: app.browser_of(gold_id).await,
            rest: app.browser_of(rest_id).await,
            app,
            fleet,
            customers,
            incidents,
            owner,
            gold_id,
        }
    }

    /// Those that the technician of `gold` sees, or those that the other one does.
    pub fn seen_by_gold(&self, gold: bool) -> Vec<&Customer> {
        let seen = self.customers.iter().filter(|one| one.gold == gold);
        seen.collect()
    }

    /// A browser, whose tenants it may see, and whose it may not.
    pub fn sides(&self) -> [(&Browser, Vec<&Customer>, Vec<&Customer>); 2] {
        [
            (
                &self.gold,
                self.seen_by_gold(true),
                self.seen_by_gold(false),
            ),
            (
                &self.rest,
                self.seen_by_gold(false),
                self.seen_by_gold(true),
            ),
        ]
    }
}

/// Limit a technician by the page, as an owner does.
pub async fn limit(owner: &Browser, technician: TechnicianId, fields: &[(&str, &str)]) {
    let page = format!("/security/technicians/{technician}/tenants");
    let mut fields = fields.to_vec();
    fields.push(("act", "save"));
    let saved = owner.post(&page, &fields).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
}

async fn customer(app: &TestApp, fleet: &Fleet, number: usize) -> Customer {
    let gold = number.is_multiple_of(2);
    let short_name = format!("zeb{number:03}q");
    let full_name = format!("Zebra{number:03} Works");
    let id = fleet.tenant(&short_name, &full_name).await;
    fleet.tag(id, if gold { "gold" } else { "plain" }).await;
    // A tag of its own names the tenant, too.
    fleet.tag(id, &format!("only-{short_name}")).await;
    let connection = fleet.connection(id, "active").await;
    let correlation = tenantry::clock::random_uuid().to_string();
    let message = format!("AADSTS50173: mark-{short_name}");
    let error = fleet
        .error(
            id,
            Failure {
                message: &message,
                raw: &message,
                correlation_id: &correlation,
                connection: Some(connection),
                ..Failure::default()
            },
        )
        .await;
    if number.is_multiple_of(3) {
        fleet
            .change(
                connection,
                "state = 'needs_consent', cause = 'password_changed'",
            )
            .await;
    }
    let invitation = fleet.invitation(id, Duration::days(3)).await;
    rest(&app.pool, id, connection.as_uuid()).await;
    let campaign = campaign(&app.pool, id, &short_name).await;
    Customer {
        marks: vec![
            id.to_string(),
            short_name.clone(),
            full_name,
            correlation,
            connection.to_string(),
            invitation.to_string(),
            campaign.to_string(),
        ],
        id,
        short_name,
        gold,
        error,
        connection: connection.as_uuid(),
        invitation: invitation.as_uuid(),
        campaign,
    }
}

/// A running one that has asked this tenant.
async fn campaign(pool: &PgPool, tenant: TenantId, short_name: &str) -> Uuid {
    let id = tenantry::clock::random_uuid();
    sqlx::query(
        "with made as (insert into campaigns (id, name, reason, per_hour, state, size, next_send_at, created_at)
           values ($1, 'for ' || $3, 'expired', 60, 'running', 1, now() + interval '1 day', now()) returning id)
         insert into campaign_tenants (tenant_id, campaign_id, place, state, asked_at, updated_at)
         select $2, id, 1, 'asked', now(), now() from made",
    )
    .bind(id)
    .bind(tenant)
    .bind(short_name)
    .execute(pool)
    .await
    .unwrap();
    id
}

/// What only workers and keepers write.
async fn rest(pool: &PgPool, tenant: TenantId, connection: Uuid) {
    let fresh = tenantry::clock::random_uuid();
    for statement in [
        "insert into validations (tenant_id, id, connection_id, at, passed, checks) values ($1, $3, $2, now(), true, '[]')",
        "insert into entra_calls (tenant_id, at, connection_id, operation, outcome, duration_ms, correlation_id)
         values ($1, now(), $2, 'refresh', 'ok', 7, $3)",
        "insert into refresh_schedule (tenant_id, connection_id, next_refresh_at)
         select $1, $2, now() - interval '1 hour' where $3::uuid is not null",
        "insert into mail_deliveries (at, tenant_id, kind, sent, reason)
         select now(), $1, 'invitation', false, 'no room for ' || short_name from tenants
         where id = $1 and $2::uuid is not null and $3::uuid is not null",
        "insert into tenant_months (month, tenant_id, up_s, down_s, renewals, recoveries, recovery_s, errors, invitations, completed)
         select date_trunc('month', now())::date, $1, 100, 7, 3, 1, 5, 1, 1, 0 where $2::uuid is not null and $3::uuid is not null",
        "insert into tenant_days (tenant_id, day, up_s, down_s, renewals, recoveries, recovery_s, errors, invitations, completed)
         select $1, now()::date, 100, 7, 3, 1, 5, 1, 1, 0 where $2::uuid is not null and $3::uuid is not null",
        "insert into report_days (day, counted_until)
         select now()::date, now() where $1::uuid is not null and $2::uuid is not null and $3::uuid is not null
         on conflict do nothing",
        "insert into audit_events (at, tenant_id, actor_type, actor_name, action)
         select now(), $1, 'worker', 'by ' || short_name, 'tenant.edited' from tenants
         where id = $1 and $2::uuid is not null and $3::uuid is not null",
    ] {
        sqlx::query(statement)
            .bind(tenant)
            .bind(connection)
            .bind(fresh)
            .execute(pool)
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

/// One that touches these.
async fn incident(pool: &PgPool, customers: &[Customer]) -> Uuid {
    let id = tenantry::clock::random_uuid();
    sqlx::query(
        "insert into incidents (id, kind, cause, opened_at, last_seen_at, holds_until)
         values ($1, 'mass', $1::text, now(), now(), now())",
    )
    .bind(id)
    .execute(pool)
    .await
    .unwrap();
    for customer in customers {
        sqlx::query("insert into incident_tenants (incident_id, tenant_id) values ($1, $2)")
            .bind(id)
            .bind(customer.id)
            .execute(pool)
            .await
            .unwrap();
    }
    id
}

/// Nothing of these stands in the answer.
pub fn assert_silent(page: &Page, foreign: &[&Customer]) {
    for customer in foreign {
        for mark in &customer.marks {
            assert!(
                !page.body.contains(mark),
                "{} names {mark} of {}",
                page.path,
                customer.short_name
            );
        }
    }
}

/// Everything that is stored of these tenants, in one number per table.
pub async fn rows_of(stage: &Stage, tenants: &[&Customer]) -> Vec<(String, String)> {
    let ids: Vec<_> = tenants.iter().map(|one| one.id.as_uuid()).collect();
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1",
    )
    .fetch_all(&stage.app.pool)
    .await
    .unwrap();
    let mut sums = Vec::new();
    for table in tables.iter().map(String::as_str).chain(["tenants"]) {
        let column = if table == "tenants" {
            "id"
        } else {
            "tenant_id"
        };
        let sum: Option<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "select md5(string_agg(t::text, '|' order by t::text)) from {table} t where {column} = any($1)"
        )))
        .bind(&ids)
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
        sums.push((table.to_owned(), sum.unwrap_or_default()));
    }
    sums
}
