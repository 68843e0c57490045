//! SQL of `customer_mails`. Leases run by the database's clock, everything else by the unit of work's instant.

pub(super) mod news;
pub(super) mod settings;

use std::collections::BTreeMap;

use sqlx::types::Json;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Kind, Mail, MailState, MailTemplate, NewMail, Stuck, Taken};
use crate::domain::op::{Op, Scope};
use crate::storage::{CustomerMailId, Inconsistent, TenantId};

/// A mail that the server does not take is tried for so long.
const GIVE_UP_AFTER: Duration = Duration::hours(24);

struct Row {
    tenant_id: Uuid,
    id: Uuid,
    kind: String,
    to_address: String,
    language: String,
    invitation_id: Option<Uuid>,
    technician: String,
    subject_template: Option<String>,
    body_template: Option<String>,
    named: Json<BTreeMap<String, String>>,
    attempts: i32,
    give_up_at: OffsetDateTime,
    lease_id: Option<Uuid>,
}

impl Row {
    fn read(self) -> Result<Taken, Inconsistent> {
        let wrong = |column| Inconsistent::new("customer_mails", column, self.id);
        Ok(Taken {
            id: self.id.into(),
            tenant: self.tenant_id.into(),
            kind: self.kind.parse().map_err(|_| wrong("kind"))?,
            language: match self.language.as_str() {
                "" => None,
                word => Some(word.parse().map_err(|_| wrong("language"))?),
            },
            lease: self.lease_id.ok_or(wrong("lease_id"))?,
            to: self.to_address,
            invitation: self.invitation_id.map(Into::into),
            technician: self.technician,
            template: self
                .subject_template
                .zip(self.body_template)
                .map(|(subject, body)| MailTemplate { subject, body }),
            named: self.named.0,
            attempts: self.attempts,
            give_up_at: self.give_up_at,
        })
    }
}

pub(super) async fn reaches(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from tenants t where t.id = $1
             and ($2::uuid is null or t.id = $2)
             and ($3::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $3 and g.tenant_id = t.id))) as "there!""#,
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_one(op.db())
    .await
}

/// When the `nth` last invitation was mailed to this tenant, or is about to be; none when there were fewer since then.
pub(super) async fn invitation_before(
    op: &mut Op,
    tenant: TenantId,
    since: OffsetDateTime,
    nth: i64,
) -> Result<Option<OffsetDateTime>, sqlx::Error> {
    sqlx::query_scalar!(
        "select created_at from customer_mails
         where tenant_id = $1 and kind = $2 and state not in ('failed', 'cancelled') and created_at > $3
         order by created_at desc offset $4 limit 1",
        tenant.as_uuid(),
        Kind::Invitation.as_str(),
        since,
        nth - 1,
    )
    .fetch_optional(op.db())
    .await
}

/// False when one with the same key is there.
pub(super) async fn insert(
    op: &mut Op,
    id: CustomerMailId,
    mail: &NewMail,
) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let due = mail.not_before.unwrap_or(now);
    let done = sqlx::query!(
        "insert into customer_mails (tenant_id, id, kind, to_address, language, invitation_id, campaign_id, subject_template,
           body_template, named, technician, dedupe_key, created_at, next_attempt_at, give_up_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         on conflict (tenant_id, dedupe_key) do nothing",
        mail.tenant.as_uuid(),
        id.as_uuid(),
        mail.kind.as_str(),
        mail.to,
        mail.language.map_or("", |one| one.as_str()),
        mail.invitation.map(Into::<Uuid>::into),
        mail.campaign,
        mail.template.as_ref().map(|one| one.subject.as_str()),
        mail.template.as_ref().map(|one| one.body.as_str()),
        Json(&mail.named) as _,
        mail.technician,
        mail.dedupe_key,
        now,
        due,
        due + GIVE_UP_AFTER,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The mail that waits longest, or one whose sender was killed.
pub(super) async fn take_next(op: &mut Op) -> Result<Option<Taken>, sqlx::Error> {
    let (now, lease) = (op.now(), Uuid::from(CustomerMailId::new()));
    let row = sqlx::query_as!(
        Row,
        r#"update customer_mails m set state = 'sending', attempts = attempts + 1, lease_id = $2,
             lease_until = now() + interval '2 minutes'
           from (select tenant_id, id from customer_mails
             where state in ('queued', 'sending') and next_attempt_at <= $1 and (state = 'queued' or lease_until < now())
             order by next_attempt_at limit 1 for update skip locked) due
           where m.tenant_id = due.tenant_id and m.id = due.id
           returning m.tenant_id, m.id, kind, to_address, language, invitation_id, technician, subject_template, body_template,
             named as "named: Json<BTreeMap<String, String>>", attempts, give_up_at, lease_id"#,
        now,
        lease,
    )
    .fetch_optional(op.db())
    .await?;
    row.map(Row::read).transpose().map_err(Into::into)
}

pub(super) async fn is_there(
    op: &mut Op,
    tenant: TenantId,
    dedupe_key: &str,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from customer_mails where tenant_id = $1 and dedupe_key = $2) as "there!""#,
        tenant.as_uuid(),
        dedupe_key,
    )
    .fetch_one(op.db())
    .await
}

/// This mail, which nobody else can see yet.
pub(super) async fn take(
    op: &mut Op,
    tenant: TenantId,
    id: CustomerMailId,
) -> Result<Option<Taken>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"update customer_mails set state = 'sending', attempts = attempts + 1, lease_id = $3,
             lease_until = now() + interval '2 minutes'
           where tenant_id = $1 and id = $2 and state = 'queued'
           returning tenant_id, id, kind, to_address, language, invitation_id, technician, subject_template, body_template,
             named as "named: Json<BTreeMap<String, String>>", attempts, give_up_at, lease_id"#,
        tenant.as_uuid(),
        id.as_uuid(),
        Uuid::from(CustomerMailId::new()),
    )
    .fetch_optional(op.db())
    .await?;
    row.map(Row::read).transpose().map_err(Into::into)
}

/// How an attempt ended; the words say why.
pub(super) enum Ended<'a> {
    Sent,
    /// To be tried again then.
    Later(OffsetDateTime, &'a str),
    Failed(&'a str),
    Cancelled(&'a str),
}

/// The end of an attempt. False when the lease is no longer ours: another has taken the mail since.
pub(super) async fn settle(
    op: &mut Op,
    mail: &Taken,
    ended: Ended<'_>,
) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let (state, next_attempt_at, error) = match ended {
        Ended::Sent => ("sent", None, ""),
        Ended::Later(at, why) => ("queued", Some(at), why),
        Ended::Failed(why) => ("failed", None, why),
        Ended::Cancelled(why) => ("cancelled", None, why),
    };
    let done = sqlx::query!(
        "update customer_mails set state = $4, lease_id = null, lease_until = null, last_error = $5,
           sent_at = case when $4 = 'sent' then $6::timestamptz end, next_attempt_at = coalesce($7, next_attempt_at)
         where tenant_id = $1 and id = $2 and lease_id = $3",
        mail.tenant.as_uuid(),
        mail.id.as_uuid(),
        mail.lease,
        state,
        error,
        now,
        next_attempt_at,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn fail_queued(
    op: &mut Op,
    tenant: TenantId,
    id: CustomerMailId,
    why: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update customer_mails set state = 'failed', last_error = $3 where tenant_id = $1 and id = $2 and state = 'queued'",
        tenant.as_uuid(),
        id.as_uuid(),
        why,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// The newest of a tenant.
pub(super) async fn latest(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    limit: i64,
) -> Result<Vec<Mail>, sqlx::Error> {
    if !reaches(op, scope, tenant).await? {
        return Ok(Vec::new());
    }
    let now = op.now();
    let rows = sqlx::query!(
        r#"select m.id, m.kind, m.to_address, m.state, m.last_error, m.created_at, m.sent_at,
             m.state in ('failed', 'held') and (m.invitation_id is null or exists (select from invitations i
               where i.tenant_id = m.tenant_id and i.id = m.invitation_id and i.state = 'open' and i.expires_at > $2))
               as "waits_for_person!"
           from customer_mails m where m.tenant_id = $1
           order by m.created_at desc, m.id desc limit $3"#,
        tenant.as_uuid(),
        now,
        limit,
    )
    .fetch_all(op.db())
    .await?;
    rows.into_iter()
        .map(|row| {
            let wrong = |column| Inconsistent::new("customer_mails", column, row.id);
            Ok(Mail {
                id: row.id.into(),
                kind: row.kind.parse().map_err(|_| wrong("kind"))?,
                state: MailState::from_word(&row.state).ok_or_else(|| wrong("state"))?,
                to: row.to_address,
                why: row.last_error,
                created_at: row.created_at,
                sent_at: row.sent_at,
                waits_for_person: row.waits_for_person,
            })
        })
        .collect()
}

pub(super) async fn requeue(
    op: &mut Op,
    tenant: TenantId,
    id: CustomerMailId,
) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update customer_mails set state = 'queued', attempts = 0, next_attempt_at = $3, give_up_at = $4, last_error = ''
         where tenant_id = $1 and id = $2 and state in ('failed', 'held')",
        tenant.as_uuid(),
        id.as_uuid(),
        now,
        now + GIVE_UP_AFTER,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// At most fifty; older ones come up as these are dealt with.
pub(super) async fn stuck(op: &mut Op, scope: Scope) -> Result<Vec<Stuck>, sqlx::Error> {
    let now = op.now();
    let rows = sqlx::query!(
        r#"select m.id, t.short_name, t.full_name, m.kind, m.to_address, m.state, m.last_error, m.created_at
           from customer_mails m join tenants t on t.id = m.tenant_id and t.state = 'active'
           where m.state in ('failed', 'held') and m.created_at > $1::timestamptz - interval '30 days'
             and (m.invitation_id is null or exists (select from invitations i where i.tenant_id = m.tenant_id
               and i.id = m.invitation_id and i.state = 'open' and i.expires_at > $1))
             and ($2::uuid is null or m.tenant_id = $2)
             and ($3::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $3 and g.tenant_id = m.tenant_id))
           order by m.created_at desc limit 50"#,
        now,
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Stuck {
                kind: row
                    .kind
                    .parse()
                    .map_err(|_| Inconsistent::new("customer_mails", "kind", row.id))?,
                id: row.id.into(),
                short_name: row.short_name,
                full_name: row.full_name,
                to: row.to_address,
                held: row.state == "held",
                why: row.last_error,
                created_at: row.created_at,
            })
        })
        .collect()
}

pub(super) async fn cancel_campaign(
    op: &mut Op,
    scope: Scope,
    campaign: Uuid,
) -> Result<Vec<(TenantId, Uuid)>, sqlx::Error> {
    let rows = sqlx::query!(
        "update customer_mails m set state = 'cancelled', last_error = 'the campaign was stopped'
         where campaign_id = $1 and state in ('queued', 'held')
           and ($2::uuid is null or m.tenant_id = $2)
           and ($3::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $3 and g.tenant_id = m.tenant_id))
         returning tenant_id, id",
        campaign,
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.tenant_id.into(), row.id))
        .collect())
}

pub(super) async fn hold_all(op: &mut Op) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "update customer_mails set state = 'held', lease_id = null, lease_until = null,
           last_error = 'held after a restore: it may have gone out already'
         where state in ('queued', 'sending')"
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected())
}
