//! `mail_deliveries`.

use time::OffsetDateTime;

use crate::domain::op::{Op, Scope};
use crate::domain::operations::{Letter, Mails};
use crate::storage::TenantId;

pub async fn record(
    op: &mut Op,
    tenant: Option<TenantId>,
    kind: &str,
    reason: &str,
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "insert into mail_deliveries (at, tenant_id, kind, sent, reason) values ($1, $2, $3, $4, $5)",
        now,
        tenant.map(TenantId::as_uuid),
        kind,
        reason.is_empty(),
        reason
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub async fn mails(op: &mut Op, scope: Scope, since: OffsetDateTime) -> Result<Mails, sqlx::Error> {
    let counts = sqlx::query!(
        r#"select count(*) filter (where sent and at > $1) as "sent!", count(*) filter (where not sent and at > $1) as "failed!",
             max(at) filter (where sent) as last_sent_at
           from mail_deliveries m where true
             and ($2::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $2 and g.tenant_id = m.tenant_id))"#,
        since,
        scope.technician(),
    )
    .fetch_one(op.db())
    .await?;
    let newest_failed = sqlx::query_as!(
        Letter,
        r#"select m.at, coalesce(t.short_name, '') as "tenant!", m.kind, m.sent, m.reason
           from mail_deliveries m left join tenants t on t.id = m.tenant_id
           where m.at > $1 and not m.sent
             and ($2::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $2 and g.tenant_id = m.tenant_id))
           order by m.at desc limit 10"#,
        since,
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    Ok(Mails {
        sent: counts.sent,
        failed: counts.failed,
        last_sent_at: counts.last_sent_at,
        newest_failed,
    })
}
