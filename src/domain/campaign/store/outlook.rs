//! Who of a draft would be asked if it were started now.

use crate::domain::campaign::Reason;
use crate::domain::invitation::Method;
use crate::domain::op::{Op, Scope};
use crate::storage::{CampaignId, TenantId};

/// How many would be asked now, and how many not and why; one may have several reasons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    pub asked: i64,
    /// The first of them by short name.
    pub first: Option<TenantId>,
    pub no_address: i64,
    /// Suspended or archived.
    pub not_served: i64,
    /// What the campaign asks for is there already.
    pub needless: i64,
    /// Another campaign has asked them, and its link still works.
    pub elsewhere: i64,
    /// Of those asked: another campaign that is on is about to ask them too. Whichever comes first does.
    pub shared: i64,
}

pub async fn namesakes(
    op: &mut Op,
    scope: Scope,
    id: CampaignId,
    name: &str,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "number!" from campaigns c
           where lower(c.name) = lower($2) and c.id <> $1 and c.state in ('draft', 'running', 'paused')
             and exists (select from campaign_tenants k where k.campaign_id = c.id
               and ($3::uuid is null or k.tenant_id = $3)
               and ($4::uuid is null or exists (select from technician_tenants a
                 where a.technician_id = $4 and a.tenant_id = k.tenant_id)))"#,
        id.as_uuid(),
        name,
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_one(op.db())
    .await
}

/// In the words of `run::fate`, which decides when it is somebody's turn.
pub async fn outlook(op: &mut Op, scope: Scope, id: CampaignId) -> Result<Outlook, sqlx::Error> {
    let now = op.now();
    let row = sqlx::query!(
        r#"with k as (
             select b.tenant_id, t.short_name, t.invitation_email = '' as no_address, t.state <> 'active' as not_served,
               coalesce(case c.reason
                 when $2 then s.state = 'valid'
                 when $3 then s.state in ('valid', 'expiring', 'retrying') and s.permissions_lacking = 0
                 when $4 then s.state in ('valid', 'expiring', 'retrying')
                   and (s.mode = 'app_only' or c.method = $5 and g.obtained_by = 'auth_code')
               end, false) as needless,
               campaign_asked_elsewhere(b.campaign_id, b.tenant_id, $8) as elsewhere,
               exists (select from campaign_tenants o join campaigns x on x.id = o.campaign_id
                 where o.tenant_id = b.tenant_id and o.state = 'waiting' and x.id <> b.campaign_id
                   and x.state in ('running', 'paused')) as shared
             from campaign_tenants b join campaigns c on c.id = b.campaign_id join tenants t on t.id = b.tenant_id
             left join tenant_status s on s.tenant_id = b.tenant_id
             left join connections g on g.tenant_id = s.tenant_id and g.id = s.connection_id
             where b.campaign_id = $1 and ($6::uuid is null or b.tenant_id = $6)
               and ($7::uuid is null or exists (select from technician_tenants a
                 where a.technician_id = $7 and a.tenant_id = b.tenant_id)))
           select count(*) filter (where not (no_address or not_served or needless or elsewhere)) as "asked!",
             (array_agg(tenant_id order by short_name) filter (where not (no_address or not_served or needless or elsewhere)))[1]
               as "first: TenantId",
             count(*) filter (where no_address) as "no_address!", count(*) filter (where not_served) as "not_served!",
             count(*) filter (where needless) as "needless!",
             count(*) filter (where elsewhere and not (no_address or not_served or needless)) as "elsewhere!",
             count(*) filter (where shared and not (no_address or not_served or needless or elsewhere)) as "shared!"
           from k"#,
        id.as_uuid(),
        Reason::Expired.as_str(),
        Reason::Permission.as_str(),
        Reason::Move.as_str(),
        Method::AuthCode.as_str(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
        now,
    )
    .fetch_one(op.db())
    .await?;
    Ok(Outlook {
        asked: row.asked,
        first: row.first,
        no_address: row.no_address,
        not_served: row.not_served,
        needless: row.needless,
        elsewhere: row.elsewhere,
        shared: row.shared,
    })
}
