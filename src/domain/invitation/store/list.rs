//! SQL of lists of invitations and their counts.

use time::OffsetDateTime;

use super::{Counts, Filter, ListRow, Row};
use crate::domain::op::{Op, Scope};
use crate::storage::{InvitationId, TenantId, contains};

/// One page, newest first. An open link whose time is over is listed as expired, as everywhere.
pub(in super::super) async fn list(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> Result<(Vec<ListRow>, i64), sqlx::Error> {
    let now = op.now();
    let tenant = scope.tenant().map(TenantId::as_uuid);
    let search = Some(filter.search.trim())
        .filter(|text| !text.is_empty())
        .map(contains);
    let total = sqlx::query_scalar!(
        r#"select count(*) as "count!"
           from invitations i join tenants t on t.id = i.tenant_id
           where ($1::uuid is null or i.tenant_id = $1)
             and ($5::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $5 and g.tenant_id = i.tenant_id))
             and ($2::text is null or $2 =
               case when i.state <> 'open' then i.state when expires_at <= $3 then 'expired'
                    when started_at is null then 'open' else 'started' end
               or ($2 = 'pending' and i.state = 'open' and expires_at > $3))
             and ($4::text is null or concat_ws(' ', t.short_name, t.full_name, i.invitation_email, expected_admin, reference) ilike $4)"#,
        tenant,
        filter.state,
        now,
        search,
        scope.technician(),
    )
    .fetch_one(op.db())
    .await?;
    let rows = sqlx::query_as!(
        Row,
        r#"select i.tenant_id, i.id, token_hint, reference, method, lasting, i.invitation_email, expected_admin,
           expected_entra_tenant_id, i.state, created_by, i.created_at, expires_at, email_sent_at, email_sent_count,
           started_at, device_authenticated_at, ended_at, new_link_asked_at, pin_hash is not null as "asks_pin!", pin_pass_hash,
           (select f.signed_in_username from onboarding_flows f
            where f.tenant_id = i.tenant_id and f.invitation_id = i.id
              and f.failure in ('wrong_tenant', 'wrong_person', 'guest_account', 'personal_account', 'tenant_taken')
            order by f.created_at desc limit 1) as refused_account,
           t.short_name, t.full_name
         from invitations i join tenants t on t.id = i.tenant_id
         where ($1::uuid is null or i.tenant_id = $1)
           and ($7::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $7 and g.tenant_id = i.tenant_id))
           and ($2::text is null or $2 =
             case when i.state <> 'open' then i.state when expires_at <= $3 then 'expired'
                  when started_at is null then 'open' else 'started' end
             or ($2 = 'pending' and i.state = 'open' and expires_at > $3))
           and ($4::text is null or concat_ws(' ', t.short_name, t.full_name, i.invitation_email, expected_admin, reference) ilike $4)
         order by i.created_at desc, i.id desc
         limit $5 offset $6"#,
        tenant,
        filter.state,
        now,
        search,
        limit,
        offset,
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    let rows = rows
        .into_iter()
        .map(|row| row.read(now))
        .collect::<Result<_, _>>()?;
    Ok((rows, total))
}

/// The next ones after a row, for readers who go through all of them while new ones are made.
pub(in super::super) async fn list_after(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    after: Option<(OffsetDateTime, InvitationId)>,
    limit: i64,
) -> Result<Vec<ListRow>, sqlx::Error> {
    let now = op.now();
    let search = Some(filter.search.trim())
        .filter(|text| !text.is_empty())
        .map(contains);
    let (after_at, after_id) = after.map(|(at, id)| (at, id.as_uuid())).unzip();
    let rows = sqlx::query_as!(
        Row,
        r#"select i.tenant_id, i.id, token_hint, reference, method, lasting, i.invitation_email, expected_admin,
           expected_entra_tenant_id, i.state, created_by, i.created_at, expires_at, email_sent_at, email_sent_count,
           started_at, device_authenticated_at, ended_at, new_link_asked_at, pin_hash is not null as "asks_pin!", pin_pass_hash,
           null::text as refused_account, t.short_name, t.full_name
         from invitations i join tenants t on t.id = i.tenant_id
         where ($1::uuid is null or i.tenant_id = $1)
           and ($6::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $6 and g.tenant_id = i.tenant_id))
           and ($2::text is null or $2 =
             case when i.state <> 'open' then i.state when expires_at <= $3 then 'expired'
                  when started_at is null then 'open' else 'started' end
             or ($2 = 'pending' and i.state = 'open' and expires_at > $3))
           and ($4::text is null or concat_ws(' ', t.short_name, t.full_name, i.invitation_email, expected_admin, reference) ilike $4)
           and ($7::timestamptz is null or (i.created_at, i.id) < ($7, $8::uuid))
         order by i.created_at desc, i.id desc
         limit $5"#,
        scope.tenant().map(TenantId::as_uuid),
        filter.state,
        now,
        search,
        limit,
        scope.technician(),
        after_at,
        after_id,
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| row.read(now))
        .collect::<Result<_, _>>()?)
}

pub(in super::super) async fn counts(op: &mut Op, scope: Scope) -> Result<Counts, sqlx::Error> {
    let now = op.now();
    sqlx::query_as!(
        Counts,
        r#"select
             count(*) filter (where state = 'open' and expires_at > $2 and started_at is null) as "open!",
             count(*) filter (where state = 'open' and expires_at > $2 and started_at is not null) as "started!",
             count(*) filter (where state = 'completed') as "completed!",
             count(*) filter (where state = 'expired' or (state = 'open' and expires_at <= $2)) as "expired!",
             count(*) filter (where state = 'revoked') as "revoked!"
           from invitations
           where ($1::uuid is null or tenant_id = $1)
             and ($3::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $3 and g.tenant_id = invitations.tenant_id))"#,
        scope.tenant().map(TenantId::as_uuid),
        now,
        scope.technician(),
    )
    .fetch_one(op.db())
    .await
}
