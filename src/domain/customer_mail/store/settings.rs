//! SQL of `mail_settings`, `mail_texts` and `tenant_mailing`.

use uuid::Uuid;

use crate::domain::customer_mail::{Kind, MailSettings, MailTemplate, Mailing};
use crate::domain::op::{Op, Scope};
use crate::language::Language;
use crate::storage::{Inconsistent, TenantId};

fn language(word: &str, table: &'static str, id: Uuid) -> Result<Language, Inconsistent> {
    word.parse()
        .map_err(|_| Inconsistent::new(table, "language", id))
}

pub async fn settings(op: &mut Op) -> Result<MailSettings, sqlx::Error> {
    let row = sqlx::query!("select language, reminder_days from mail_settings")
        .fetch_one(op.db())
        .await?;
    Ok(MailSettings {
        language: language(&row.language, "mail_settings", Uuid::nil())?,
        reminder_days: row.reminder_days,
    })
}

pub async fn change_settings(op: &mut Op, new: MailSettings) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update mail_settings set language = $1, reminder_days = $2",
        new.language.as_str(),
        new.reminder_days
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub async fn mailing(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Option<Mailing>, sqlx::Error> {
    let row = sqlx::query!(
        "select language, to_address, reminder, completed, about_to_expire from tenant_mailing m where tenant_id = $1
           and ($2::uuid is null or tenant_id = $2)
           and ($3::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $3 and g.tenant_id = m.tenant_id))",
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_optional(op.db())
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Mailing {
        language: match row.language.as_str() {
            "" => None,
            word => Some(language(word, "tenant_mailing", tenant.as_uuid())?),
        },
        to_address: row.to_address,
        reminder: row.reminder,
        completed: row.completed,
        about_to_expire: row.about_to_expire,
    }))
}

pub async fn set_mailing(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    new: &Mailing,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "insert into tenant_mailing (tenant_id, language, to_address, reminder, completed, about_to_expire)
         select t.id, $4, $5, $6, $7, $8 from tenants t where t.id = $1 and t.state <> 'archived'
           and ($2::uuid is null or t.id = $2)
           and ($3::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $3 and g.tenant_id = t.id))
         on conflict (tenant_id) do update set language = excluded.language, to_address = excluded.to_address,
           reminder = excluded.reminder, completed = excluded.completed, about_to_expire = excluded.about_to_expire",
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
        new.language.map_or("", Language::as_str),
        new.to_address,
        new.reminder,
        new.completed,
        new.about_to_expire,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn text(
    op: &mut Op,
    kind: Kind,
    language: Language,
) -> Result<Option<MailTemplate>, sqlx::Error> {
    sqlx::query_as!(
        MailTemplate,
        "select subject, body from mail_texts where kind = $1 and language = $2",
        kind.as_str(),
        language.as_str()
    )
    .fetch_optional(op.db())
    .await
}

pub async fn own_texts(op: &mut Op) -> Result<Vec<(String, String)>, sqlx::Error> {
    let rows = sqlx::query!("select kind, language from mail_texts order by kind, language")
        .fetch_all(op.db())
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.kind, row.language))
        .collect())
}

/// None: the product's own.
pub async fn set_text(
    op: &mut Op,
    kind: Kind,
    language: Language,
    template: Option<&MailTemplate>,
) -> Result<(), sqlx::Error> {
    match template {
        Some(new) => {
            sqlx::query!(
                "insert into mail_texts (kind, language, subject, body) values ($1, $2, $3, $4)
                 on conflict (kind, language) do update set subject = excluded.subject, body = excluded.body",
                kind.as_str(),
                language.as_str(),
                new.subject,
                new.body
            )
            .execute(op.db())
            .await?
        }
        None => {
            sqlx::query!(
                "delete from mail_texts where kind = $1 and language = $2",
                kind.as_str(),
                language.as_str()
            )
            .execute(op.db())
            .await?
        }
    };
    Ok(())
}
