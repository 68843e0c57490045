//! A crowd of tenants, replies of every kind, two workers at once, killed again and again: the board is right, and nobody is
//! mailed twice.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use sqlx::PgPool;
use tenantry::domain::campaign::Stage as Step;
use tenantry::storage::{CampaignId, TenantId};

use super::stage::{Stage, input, letters, runner};

/// How many tenants; `make crowd` says a thousand.
fn size() -> i32 {
    let said = std::env::var("CROWD").ok();
    said.map_or(200, |text| text.parse().expect("CROWD is a number"))
}

/// Turns that are killed in each part.
const KILLS: u64 = 8;

/// What becomes of the tenant with this number. Every seventeenth has no address, every nineteenth one that takes nothing.
fn expected(n: i32) -> Step {
    if n % 17 == 0 || n % 19 == 0 {
        return Step::Failed;
    }
    match n % 10 {
        0 => Step::Sent,
        1 => Step::Opened,
        2 | 8 => Step::Started,
        4 => Step::Validated,
        6 | 7 => Step::Consented,
        // Declined, a check that fails, a link that is withdrawn.
        _ => Step::Failed,
    }
}

/// Whoever has neither come through nor is beyond reach.
fn is_reminded(n: i32) -> bool {
    n % 17 != 0 && n % 19 != 0 && matches!(n % 10, 0 | 1 | 2 | 3 | 8)
}

async fn crowd(pool: &PgPool) -> Vec<TenantId> {
    let statements = [
        "insert into tenants (id, short_name, full_name, domain, invitation_email, state_since, created_at, updated_at)
         select gen_random_uuid(), 't' || lpad(n::text, 4, '0'), 'Tenant ' || n, 't' || n || '.example',
           case when n % 17 = 0 then '' when n % 19 = 0 then 'refused@t' || n || '.example' else 'it@t' || n || '.example' end,
           now(), now(), now() from generate_series(1, $1) n",
        "insert into tenant_resources (tenant_id, resource, required) select id, 'graph', true from tenants where $1 > 0",
    ];
    for statement in statements {
        sqlx::query(statement)
            .bind(size())
            .execute(pool)
            .await
            .unwrap();
    }
    sqlx::query_scalar("select id from tenants order by short_name")
        .fetch_all(pool)
        .await
        .unwrap()
}

/// Two replicas' campaign workers and two mail workers, all killed at some instant.
async fn killed_turn(stage: &Stage, round: u64) {
    let mut tasks = Vec::new();
    for _ in 0..2 {
        let (work, post) = (runner(&stage.app.app), stage.app.app.sender());
        tasks.push(tokio::spawn(async move { drop(work.sweep().await) }));
        tasks.push(tokio::spawn(async move { drop(post.sweep().await) }));
    }
    let [chance] = tenantry::clock::random_bytes::<1>();
    let life = 40 * (round + 1) + u64::from(chance);
    tokio::time::sleep(Duration::from_millis(life)).await;
    for task in &tasks {
        task.abort();
    }
    for task in tasks {
        let _ = task.await;
    }
    // What a killed worker held is free again after its lease, which runs by the database's clock.
    sqlx::query("update customer_mails set lease_until = now() - interval '1 second' where state = 'sending'")
        .execute(&stage.app.pool)
        .await
        .unwrap();
    stage.app.advance(Duration::from_secs(15));
}

/// Until everybody is asked or reminded and every mail has gone.
async fn through(stage: &Stage) {
    for round in 0..KILLS {
        killed_turn(stage, round).await;
    }
    for _ in 0..2_000 {
        let (work, post) = (runner(&stage.app.app), stage.app.app.sender());
        let (one, other, mails, more) =
            tokio::join!(work.sweep(), work.sweep(), post.sweep(), post.sweep());
        let (one, other) = (one.unwrap(), other.unwrap());
        let moved = one.asked + one.reminded + one.left_out + other.asked + other.reminded;
        let (mails, more) = (mails.unwrap(), more.unwrap());
        let open: bool = sqlx::query_scalar(
            "select exists (select from customer_mails where state in ('queued', 'sending'))
               or exists (select from campaign_tenants where state = 'waiting')
               or exists (select from campaign_tenants where state = 'asked' and next_reminder_at <= $1)",
        )
        .bind(stage.app.clock.now())
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
        if moved + other.left_out + mails.sent + more.sent == 0 && !open {
            return;
        }
        stage.app.advance(Duration::from_mins(1));
    }
    panic!("it does not come to an end");
}

/// Distinct mails by addressee; the same mail twice has the same `Message-ID`, and a reader shows it once.
fn mails(stage: &Stage) -> HashMap<String, BTreeSet<String>> {
    let mut found: HashMap<String, BTreeSet<String>> = HashMap::new();
    for (to, id) in letters(&stage.server) {
        assert!(!id.is_empty());
        found.entry(to).or_default().insert(id);
    }
    found
}

/// Every tenant that was mailed answers in its way.
async fn answer(pool: &PgPool) {
    let of = "i.tenant_id = t.id and substr(t.short_name, 2)::int % 19 <> 0 and substr(t.short_name, 2)::int";
    let flow = |digit: i32, state: &str, failure: &str| {
        format!(
            "insert into onboarding_flows (tenant_id, id, invitation_id, secret_hash, method, state, failure, created_at,
               updated_at, expires_at)
             select i.tenant_id, gen_random_uuid(), i.id, decode(md5(i.id::text || '{digit}'), 'hex'), 'device_code', '{state}',
               {failure}, i.created_at, i.created_at, i.created_at + interval '1 day'
             from invitations i, tenants t where {of} % 10 = {digit}"
        )
    };
    let statements = [
        format!("update invitations i set opened_at = i.created_at from tenants t where {of} % 10 between 1 and 8"),
        flow(2, "code_shown", "null"),
        flow(3, "failed", "'declined'"),
        flow(7, "held", "null"),
        flow(8, "consent_needed", "null"),
        format!("update invitations i set state = 'completed', ended_at = i.created_at from tenants t where {of} % 10 between 4 and 6"),
        "insert into connections (tenant_id, id, mode, state, state_since, entra_tenant_id, admin_oid, admin_username, admin_name,
           token_class, obtained_by, obtained_at, app_registration_id, realm)
         select i.tenant_id, gen_random_uuid(), 'auth_token', 'active', i.created_at, gen_random_uuid(), gen_random_uuid(), 'a@b.example',
           'Ada', 'public', 'device_code', i.created_at, (select id from app_registrations limit 1), 'managed'
         from invitations i where i.state = 'completed'".to_owned(),
        format!("insert into validations (tenant_id, id, connection_id, at, passed, checks)
         select i.tenant_id, gen_random_uuid(), c.id, i.ended_at, substr(t.short_name, 2)::int % 10 = 4, '[]'
         from invitations i, tenants t, connections c where {of} % 10 between 4 and 5 and c.tenant_id = t.id"),
        format!("update invitations i set state = 'revoked', ended_at = i.created_at from tenants t where {of} % 10 = 9"),
    ];
    for statement in statements {
        sqlx::query(sqlx::AssertSqlSafe(statement.clone()))
            .execute(pool)
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

async fn is_right(stage: &Stage, id: CampaignId) {
    let rows = stage.rows(id).await;
    assert_eq!(rows.len(), usize::try_from(size()).unwrap());
    let mut counts: BTreeMap<Step, i64> = BTreeMap::new();
    for row in rows {
        let n: i32 = row.short_name[1..].parse().unwrap();
        assert_eq!(row.stage, expected(n), "{row:?}");
        *counts.entry(row.stage).or_default() += 1;
    }
    assert_eq!(stage.counts(id).await, counts);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_of_a_crowd_is_asked_once_however_workers_are_killed() {
    let stage = Stage::new().await;
    let tenants = crowd(&stage.app.pool).await;
    let mut typed = input();
    typed.remind_most = "1".into();
    let id = stage.campaign(&typed, &tenants).await;
    Box::pin(through(&stage)).await;

    let numbers = || 1..=size();
    let reached = numbers().filter(|n| n % 17 != 0 && n % 19 != 0).count();
    let first = mails(&stage);
    assert_eq!(first.len(), reached);
    assert!(
        first.values().all(|ids| ids.len() == 1),
        "somebody was mailed twice"
    );
    let invited: (i64, i64) =
        sqlx::query_as("select count(*), count(distinct tenant_id) from invitations")
            .fetch_one(&stage.app.pool)
            .await
            .unwrap();
    assert_eq!(invited.0, invited.1, "a killed turn leaves no link behind");
    // Refused addresses have a link that nobody got.
    let refused = numbers().filter(|n| n % 17 != 0 && n % 19 == 0).count();
    assert_eq!(invited.0, i64::try_from(reached + refused).unwrap());

    answer(&stage.app.pool).await;
    is_right(&stage, id).await;
    stage.app.advance(Duration::from_hours(24 * 3));
    Box::pin(through(&stage)).await;
    is_right(&stage, id).await;
    let mails = mails(&stage);
    for n in numbers().filter(|n| n % 17 != 0 && n % 19 != 0) {
        let got = mails[&format!("it@t{n}.example")].len();
        assert_eq!(got, if is_reminded(n) { 2 } else { 1 }, "t{n}");
    }
}
