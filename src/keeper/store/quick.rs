//! The one statement of many hand-outs: who still may, what is still valid, counts, audit entries.

use sqlx::PgPool;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::domain::audit::permitted_value;
use crate::keeper::message::quick::Quick;

/// What was found for one question; none of those that are not for here.
pub struct Found {
    /// The question's place in the list.
    pub n: i32,
    pub tenant_id: Uuid,
    pub short_name: String,
    pub connection_id: Uuid,
    /// The token; none when it must be refreshed first, and nothing was counted.
    pub acquired_at: Option<OffsetDateTime>,
    pub expires_at: Option<OffsetDateTime>,
    pub ct: Option<Vec<u8>>,
    /// Its audit entry is written.
    pub given: bool,
    /// Hand-outs of the minute up to this one, of the key and of the tenant, which counts none that the key may not have.
    pub used: i32,
    /// Calls of the key's minute up to this one.
    pub calls_used: i32,
    pub tenant_used: i32,
}

/// The minute that an instant lies in.
fn minute(now: OffsetDateTime) -> OffsetDateTime {
    let seconds = now.unix_timestamp().rem_euclid(60);
    now - Duration::seconds(seconds) - Duration::nanoseconds(now.nanosecond().into())
}

/// Committed when it returns.
#[expect(clippy::too_many_lines, reason = "one statement, and its columns")]
pub async fn hand_out(
    pool: &PgPool,
    asked: &[Quick],
    least: Duration,
    now: OffsetDateTime,
) -> sqlx::Result<Vec<Found>> {
    let n: Vec<i32> = (0..).take(asked.len()).collect();
    let keys: Vec<Uuid> = asked.iter().map(|one| one.key_id).collect();
    let versions: Vec<i64> = asked.iter().map(|one| one.key_version).collect();
    let tenants: Vec<Option<Uuid>> = asked.iter().map(|one| one.tenant_id).collect();
    let names: Vec<Option<String>> = asked.iter().map(|one| one.short_name.clone()).collect();
    let resources: Vec<String> = asked.iter().map(|one| one.resource.clone()).collect();
    let until: Vec<OffsetDateTime> = asked
        .iter()
        .map(|one| {
            let wanted = i64::try_from(one.min_ttl_s).unwrap_or(i64::MAX);
            now + Duration::seconds(wanted.min(86_400)).max(least)
        })
        .collect();
    let calls: Vec<i32> = asked.iter().map(|one| one.calls).collect();
    let most: Vec<i32> = asked.iter().map(|one| one.hand_outs).collect();
    let tenant_most: Vec<i32> = asked.iter().map(|one| one.tenant_hand_outs).collect();
    let actors: Vec<String> = asked.iter().map(|one| one.name.clone()).collect();
    let ips: Vec<String> = asked.iter().map(|one| one.ip.clone()).collect();
    let requests: Vec<String> = asked.iter().map(|one| one.request_id.clone()).collect();
    let details: Vec<serde_json::Value> = asked
        .iter()
        .map(|one| {
            permitted_value(serde_json::json!({
                "resource": one.resource,
                "min_ttl_s": one.min_ttl_s,
                "reason": one.reason,
            }))
        })
        .collect();
    sqlx::query_as!(
        Found,
        r#"with asked as (
             select * from unnest($1::int[], $2::uuid[], $3::bigint[], $4::uuid[], $5::text[], $6::text[], $7::timestamptz[],
               $8::int[], $9::int[], $10::int[], $11::text[], $12::text[], $13::text[], $14::jsonb[])
             as a (n, key_id, version, tenant, name, resource, until, calls, most, tenant_most, actor, ip, request_id, details)
           ),
           known as materialized (
             select a.*, t.id as tenant_id, t.short_name, c.id as connection_id, k.acquired_at, k.expires_at, k.ct,
               k.last_used_at is null or k.last_used_at < $17 as is_due
             from asked a
             join api_keys y on y.id = a.key_id and y.version = a.version and y.state = 'active' and y.expires_at > $15
               and a.resource = any(y.resources) and 'access-tokens:create' = any(y.scopes)
             join technicians o on o.id = y.owner_id and o.state = 'active' and o.role <> 'viewer'
             join tenants t on t.id = coalesce(a.tenant, (select s.id from tenants s where s.short_name = a.name))
               and t.state = 'active'
             join connections c on c.tenant_id = t.id and c.state in ('active', 'suspect')
             join api_key_tenants v on v.tenant_id = t.id and v.key_id = a.key_id
             left join tokens k on k.tenant_id = c.tenant_id and k.connection_id = c.id and k.resource = a.resource
               and k.state = 'valid' and k.expires_at >= a.until
             where (y.all_tenants and not o.limited) or exists (
               select from technician_tenants g where g.technician_id = a.key_id and g.tenant_id = t.id)
           ),
           fit as (
             select a.*, count(a.ct) over (partition by a.key_id order by a.n desc) as to_come from known a
           ),
           counted as (
             insert into api_key_uses as u (key_id, minute, calls, hand_outs, uses, last_used_at, last_ip)
             select f.key_id, $16, count(*), count(*), count(*), $15, max(f.ip)
             from fit f where f.ct is not null group by f.key_id order by f.key_id
             on conflict (key_id) do update set minute = $16,
               calls = case when u.minute = $16 then u.calls else 0 end + excluded.calls,
               hand_outs = case when u.minute = $16 then u.hand_outs else 0 end + excluded.hand_outs,
               uses = u.uses + excluded.uses, last_used_at = $15, last_ip = excluded.last_ip
             returning u.key_id, u.calls, u.hand_outs
           ),
           keyed as (
             select f.*, u.hand_outs - f.to_come + 1 as used, u.calls - f.to_come + 1 as calls_used,
               f.ct is not null and u.hand_outs - f.to_come + 1 <= f.most and u.calls - f.to_come + 1 <= f.calls as fits_key
             from fit f left join counted u on u.key_id = f.key_id
           ),
           tenant_fit as (
             select f.*, count(*) filter (where f.fits_key) over (partition by f.tenant_id order by f.n desc) as tenant_to_come
             from keyed f
           ),
           tenant_counted as (
             insert into api_tenant_counts as u (tenant_id, minute, hand_outs)
             select f.tenant_id, $16, count(*) from keyed f where f.fits_key group by f.tenant_id order by f.tenant_id
             on conflict (tenant_id) do update set minute = $16,
               hand_outs = case when u.minute = $16 then u.hand_outs else 0 end + excluded.hand_outs
             returning u.tenant_id, u.hand_outs
           ),
           settled as (
             select f.*, case when f.fits_key then w.hand_outs - f.tenant_to_come + 1 end as tenant_used,
               f.fits_key and w.hand_outs - f.tenant_to_come + 1 <= f.tenant_most as given
             from tenant_fit f left join tenant_counted w on w.tenant_id = f.tenant_id
           ),
           noted as (
             insert into audit_events (at, tenant_id, actor_type, actor_id, actor_name, ip, action, object_type, object_id,
               result, request_id, details, key_id)
             select $15, s.tenant_id, 'key', s.key_id, s.actor, s.ip, 'token.hand_out', 'connection', s.connection_id::text,
               'done', s.request_id, s.details, s.key_id
             from settled s where s.given
           ),
           touched as (
             update tokens k set last_used_at = $15
             from settled s
             where s.given and s.is_due and k.tenant_id = s.tenant_id and k.connection_id = s.connection_id
               and k.resource = s.resource
           )
           select s.n as "n!", s.tenant_id as "tenant_id!", s.short_name as "short_name!",
             s.connection_id as "connection_id!", s.acquired_at as "acquired_at?", s.expires_at as "expires_at?", s.ct as "ct?",
             coalesce(s.given, false) as "given!", coalesce(s.used, 0)::int as "used!", coalesce(s.calls_used, 0)::int as "calls_used!",
             coalesce(s.tenant_used, 0)::int as "tenant_used!"
           from settled s"#,
        &n,
        &keys,
        &versions,
        tenants as _,
        names as _,
        &resources,
        &until,
        &calls,
        &most,
        &tenant_most,
        &actors,
        &ips,
        &requests,
        &details,
        now,
        minute(now),
        now - Duration::minutes(1),
    )
    .fetch_all(pool)
    .await
}
