//! SQL of what customers are to be told.

use uuid::Uuid;

use crate::domain::op::Op;

/// Something to be told.
pub struct Told {
    pub tenant_id: Uuid,
    /// The invitation or connection.
    pub about: Uuid,
    pub to_address: String,
    /// Once for this.
    pub key: String,
    /// Too old to be told by itself.
    pub is_late: bool,
}

/// Invitations that were mailed, are unused and lapse within the days set. One that a campaign sent is reminded by it.
pub async fn reminders(op: &mut Op, limit: i64) -> Result<Vec<Told>, sqlx::Error> {
    let now = op.now();
    sqlx::query_as!(
        Told,
        r#"select i.tenant_id, i.id as about, i.invitation_email as to_address, 'reminder ' || i.id as "key!",
             false as "is_late!"
           from invitations i
           join tenants t on t.id = i.tenant_id and t.state = 'active'
           join tenant_mailing m on m.tenant_id = i.tenant_id and m.reminder
           cross join mail_settings s
           where i.state = 'open' and i.expires_at > $1::timestamptz and i.expires_at <= $1::timestamptz + make_interval(days => s.reminder_days)
             and i.email_sent_count > 0 and i.invitation_email <> '' and i.email_sent_at < $1::timestamptz - interval '1 day'
             and not exists (select from customer_mails c where c.tenant_id = i.tenant_id and c.invitation_id = i.id
               and c.kind in ('campaign', 'campaign_reminder', 'reminder'))
           order by i.expires_at limit $2"#,
        now,
        limit
    )
    .fetch_all(op.db())
    .await
}

/// Authorisations that came of an invitation and are in use, since the installation tells of them; those that are older than a
/// week are marked.
pub async fn completed(op: &mut Op, limit: i64) -> Result<Vec<Told>, sqlx::Error> {
    let now = op.now();
    sqlx::query_as!(
        Told,
        r#"select c.tenant_id, c.id as about,
             coalesce(nullif(m.to_address, ''), i.invitation_email) as "to_address!", 'completed ' || c.id as "key!",
             i.ended_at <= $1::timestamptz - interval '7 days' as "is_late!"
           from connections c
           join invitations i on i.tenant_id = c.tenant_id and i.id = c.invitation_id and i.state = 'completed'
           join tenants t on t.id = c.tenant_id and t.state = 'active'
           left join tenant_mailing m on m.tenant_id = c.tenant_id
           cross join mail_settings s
           where c.state not in ('pending', 'revoked') and coalesce(m.completed, true)
             and i.ended_at > s.since
             and coalesce(nullif(m.to_address, ''), i.invitation_email) <> ''
             and not exists (select from customer_mails x where x.tenant_id = c.tenant_id
               and x.dedupe_key = 'completed ' || c.id)
           order by i.ended_at limit $2"#,
        now,
        limit
    )
    .fetch_all(op.db())
    .await
}

/// Authorisations that run out or have: told once when they are Expiring, and once more when they are Expired.
pub async fn about_to_expire(op: &mut Op, limit: i64) -> Result<Vec<Told>, sqlx::Error> {
    sqlx::query_as!(
        Told,
        r#"select k.tenant_id, k.connection_id as "about!",
             coalesce(nullif(m.to_address, ''), t.invitation_email) as "to_address!",
             k.state || ' ' || k.connection_id || ' ' || extract(epoch from k.since)::bigint as "key!", false as "is_late!"
           from tenant_status k
           join tenants t on t.id = k.tenant_id and t.state = 'active'
           join tenant_mailing m on m.tenant_id = k.tenant_id and m.about_to_expire
           where k.state in ('expiring', 'expired') and k.connection_id is not null
             and coalesce(nullif(m.to_address, ''), t.invitation_email) <> ''
             and not exists (select from customer_mails x where x.tenant_id = k.tenant_id
               and x.dedupe_key = k.state || ' ' || k.connection_id || ' ' || extract(epoch from k.since)::bigint)
           order by k.since limit $1"#,
        limit
    )
    .fetch_all(op.db())
    .await
}
