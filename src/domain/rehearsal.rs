//! A fleet of any size for tests and benchmarks, made by SQL from a seed: the same seed makes the same fleet, at the same
//! distances from now. Nobody can be refreshed (nothing is sealed in it); it is there to be looked at.

use sqlx::{AssertSqlSafe, Connection, PgPool};
use time::OffsetDateTime;

/// What to make.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub tenants: i32,
    pub errors: i32,
    pub seed: i64,
    /// The instant that every age is counted from.
    pub now: OffsetDateTime,
}

/// Tables that are filled past their triggers.
const FILLED: [&str; 8] = [
    "tenants",
    "tenant_tags",
    "tenant_resources",
    "connections",
    "tokens",
    "invitations",
    "msal_errors",
    "tenant_status",
];

/// Fill an empty database. `pool` is the schema's owner's or a superuser's. Each tenant has three resources; about five of
/// six are well, the others in every state there is.
pub async fn plant(pool: &PgPool, plan: Plan) -> Result<(), sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let mut tx = connection.begin().await?;
    for table in FILLED {
        let disable = format!("alter table {table} disable trigger user");
        sqlx::raw_sql(AssertSqlSafe(disable))
            .execute(&mut *tx)
            .await?;
    }
    sqlx::raw_sql(AssertSqlSafe(dice(plan.seed)))
        .execute(&mut *tx)
        .await?;
    sqlx::query("select ensure_msal_error_partitions(($1::timestamptz - interval '40 days')::date, ($1::timestamptz + interval '366 days')::date)")
        .bind(plan.now)
        .execute(&mut *tx)
        .await?;
    for (sql, count) in [(TENANTS, plan.tenants), (ERRORS, plan.errors)] {
        for statement in sql
            .split(";\n")
            .filter(|statement| !statement.trim().is_empty())
        {
            sqlx::query(statement)
                .bind(plan.now)
                .bind(count)
                .bind(plan.tenants)
                .execute(&mut *tx)
                .await?;
        }
    }
    // Without, the planner takes the new tables for empty.
    sqlx::raw_sql(AssertSqlSafe(format!("analyze {}", FILLED.join(", "))))
        .execute(&mut *tx)
        .await?;
    sqlx::query("select rebuild_tenant_status($1)")
        .bind(plan.now)
        .execute(&mut *tx)
        .await?;
    for table in FILLED {
        let enable = format!("alter table {table} enable trigger user");
        sqlx::raw_sql(AssertSqlSafe(enable))
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    sqlx::raw_sql("vacuum analyze")
        .execute(&mut *connection)
        .await?;
    Ok(())
}

/// Chance that is the same at every run: a number from 0 to 1 for each thing and question, and an id for each thing.
fn dice(seed: i64) -> String {
    format!(
        "create function pg_temp.dice(n bigint, what text) returns double precision language sql immutable
           return (hashtextextended(n::text || what, {seed}) & 1073741823) / 1073741824.0;
         create function pg_temp.id(n bigint, what text) returns uuid language sql immutable
           return md5('{seed} ' || what || n::text)::uuid;"
    )
}

/// `$1` now, `$2` how many, `$3` how many tenants there are.
const TENANTS: &str = "
create temporary table made on commit drop as
  select n, pg_temp.id(n, 'tenant') as id, pg_temp.dice(n, 'state') as fate,
    (array['Alder', 'Birch', 'Cedar', 'Dogwood', 'Elm', 'Fir', 'Ginkgo', 'Hazel', 'Ilex', 'Juniper', 'Katsura', 'Larch', 'Maple',
      'Nutmeg', 'Oak', 'Pine', 'Quince', 'Rowan', 'Spruce', 'Tamarind'])[1 + (pg_temp.dice(n, 'first') * 20)::int % 20] as first,
    (array['Clinics', 'Foods', 'Legal', 'School', 'Logistics', 'Partners', 'Energy', 'Retail', 'Works', 'Studio', 'Dental',
      'Housing', 'Marine', 'Optics', 'Print', 'Savings'])[1 + (pg_temp.dice(n, 'second') * 16)::int % 16] as second,
    $1::timestamptz as now
  from generate_series(1, $2::int) n;
insert into app_registrations (id, client_id, display_name, created_at, updated_at)
  select pg_temp.id(0, 'app'), pg_temp.id(0, 'client'), 'Rehearsal', $1, $1
  on conflict do nothing;
insert into tenants (id, short_name, full_name, domain, invitation_email, admin_username, state, state_reason, state_since,
    created_at, updated_at)
  select id, lower(first) || '-' || n, first || ' ' || second || ' ' || n, lower(first) || n || '.example',
    case when n % 10 > 0 then 'it@' || lower(first) || n || '.example' else '' end, 'admin@' || lower(first) || n || '.example',
    case when fate >= 0.995 then 'archived' when fate >= 0.98 then 'suspended' else 'active' end,
    case when fate >= 0.98 then 'paused by contract' else '' end, now - interval '40 days', now - interval '200 days', now
  from made;
insert into tenant_tags (tenant_id, tag)
  select id, tag from made, (values ('gold', 0.2), ('silver', 0.4), ('north', 0.5), ('schools', 0.1)) t (tag, share)
  where pg_temp.dice(n, tag) < share;
insert into tenant_resources (tenant_id, resource, required)
  select id, resource, resource <> 'azure' from made, unnest(array['graph', 'exchange', 'azure']) resource
;
insert into connections (tenant_id, id, mode, state, state_since, entra_tenant_id, admin_oid, admin_username, admin_name,
    token_class, obtained_by, obtained_at, app_registration_id, realm, last_ok_at, trouble_since, last_error_at, last_error_id,
    last_error_code, cause, expires_at, expires_reason)
  select id, pg_temp.id(n, 'connection'), case when n % 4 = 0 then 'app_only' else 'auth_token' end,
    case when fate >= 0.87 and fate < 0.92 then 'needs_consent' else 'active' end,
    now - make_interval(secs => (pg_temp.dice(n, 'since') * 2500000)::int), pg_temp.id(n, 'entra'),
    case when n % 4 > 0 then pg_temp.id(n, 'oid') end,
    case when n % 4 > 0 then 'admin@' || lower(first) || n || '.example' else '' end, 'Ada Admin',
    case when n % 4 > 0 then 'public' end, case when n % 4 = 0 then 'client_credentials' else 'device_code' end,
    now - make_interval(days => 40 + (pg_temp.dice(n, 'obtained') * 100)::int), pg_temp.id(0, 'app'), 'managed',
    now - make_interval(secs => (pg_temp.dice(n, 'ok') * 80000)::int),
    case when fate >= 0.84 and fate < 0.87 then now - make_interval(secs => (pg_temp.dice(n, 'trouble') * 8000)::int) end,
    case when fate >= 0.84 and fate < 0.92 then now - interval '1 hour' end,
    case when fate >= 0.84 and fate < 0.92 then n end,
    case when fate >= 0.84 and fate < 0.87 then 90033 when fate >= 0.87 and fate < 0.92
      then (array[50173, 50076, 65001, 50057])[1 + (n % 4)] end,
    case when fate >= 0.84 and fate < 0.87 then 'microsoft_outage' when fate >= 0.87 and fate < 0.92
      then (array['password_changed', 'mfa_required', 'consent_missing', 'user_disabled_or_missing'])[1 + (n % 4)] end,
    case when fate < 0.05 or n % 4 = 0 then now + make_interval(secs => (pg_temp.dice(n, 'expiry') * 7700000)::int)
      else now + interval '89 days' end,
    case when n % 4 = 0 then 'credential' when fate < 0.05 then 'sign_in_frequency' else 'idle' end
  from made where (fate < 0.92 or fate >= 0.97);
insert into tokens (tenant_id, connection_id, resource, state, scopes, acquired_at, expires_at, last_ok_at)
  select m.id, pg_temp.id(m.n, 'connection'), resource,
    case when fate >= 0.87 and fate < 0.92 or pg_temp.dice(n, resource) > 0.98 then 'failed' else 'valid' end,
    case resource when 'graph' then '{User.Read,Directory.Read.All}' when 'exchange' then '{Exchange.Manage}'
      else '{user_impersonation}' end::text[], now - interval '20 minutes', now + interval '50 minutes', now - interval '20 minutes'
  from made m, unnest(array['graph', 'exchange', 'azure']) resource
  where (fate < 0.92 or fate >= 0.97);
insert into invitations (tenant_id, id, token_hash, token_hint, token_sealed, reference, method, created_at, expires_at)
  select id, pg_temp.id(n, 'invitation'), decode(md5(n::text) || md5('x' || n::text), 'hex'), 'wxyz', '\\x00',
    'R-' || lpad(n::text, 6, '0'), 'device_code', now - interval '1 day',
    now + make_interval(secs => 3600 + (pg_temp.dice(n, 'link') * 600000)::int)
  from made where fate >= 0.92 and fate < 0.95
";

const ERRORS: &str = "
insert into msal_errors (tenant_id, at, connection_id, resource, operation, http_status, error, codes, code, category, class,
    message, raw, trace_id, correlation_id)
  select pg_temp.id(1 + (pg_temp.dice(e, 'whose') ^ 2 * ($3::int - 1))::int, 'tenant'),
    $1::timestamptz - make_interval(secs => (30.0 * 86400 * ($2::int - e) / $2::int)), null,
    (array['graph', 'exchange', 'azure'])[1 + e % 3], 'refresh', 400, 'invalid_grant', array[k.code], k.code, k.category, 'rejected',
    'AADSTS' || k.code || ': ' || k.message,
    '{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS' || k.code || ': ' || k.message || '\"}',
    pg_temp.id(e, 'trace')::text, pg_temp.id(e, 'correlation')::text
  from generate_series(1, $2::int) e
  join (values (0, 50173, 'password_changed', 'The provided grant has expired due to it being revoked.'),
    (1, 50076, 'mfa_required', 'Due to a configuration change you must use multi-factor authentication.'),
    (2, 65001, 'consent_missing', 'The user or administrator has not consented to use the application.'),
    (3, 50057, 'user_disabled_or_missing', 'The user account is disabled.'),
    (4, 90033, 'microsoft_outage', 'A transient error has occurred. Please try again.')) k (n, code, category, message)
    on k.n = (pg_temp.dice(e, 'kind') * 5)::int % 5
";
