//! `permission_sets` and `permission_set_items`.

use std::collections::{BTreeSet, HashMap};

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::Version;
use crate::domain::op::{Op, Scope};
use crate::keeper::permission_set::{Kind, Need};
use crate::storage::Inconsistent;

/// Every version without its permissions, oldest first.
pub async fn heads(op: &mut Op) -> Result<Vec<Version>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select s.version, s.created_at, coalesce(t.display_name, '') as "created_by!", s.note
           from permission_sets s left join technicians t on t.id = s.created_by order by s.version"#,
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Version {
            version: row.version,
            created_at: row.created_at,
            created_by: row.created_by,
            note: row.note,
            added: Vec::new(),
            removed: Vec::new(),
        })
        .collect())
}

/// The permissions of every version.
pub async fn items(op: &mut Op) -> Result<HashMap<i32, BTreeSet<Need>>, sqlx::Error> {
    let rows = sqlx::query!("select version, resource, kind, name from permission_set_items")
        .fetch_all(op.db())
        .await?;
    let mut found: HashMap<i32, BTreeSet<Need>> = HashMap::new();
    for row in rows {
        let wrong = |column| Inconsistent::new("permission_set_items", column, Uuid::nil());
        found.entry(row.version).or_default().insert(Need {
            resource: row.resource.parse().map_err(|_| wrong("resource"))?,
            kind: Kind::from_word(&row.kind).ok_or_else(|| wrong("kind"))?,
            name: row.name,
        });
    }
    Ok(found)
}

pub async fn lacking(op: &mut Op, scope: Scope) -> Result<i64, sqlx::Error> {
    let mut query = QueryBuilder::new("select count(*) from ");
    query
        .push(scope.relation("tenant_status"))
        .push(" k where k.permissions_lacking > 0 and k.state <> 'archived'");
    scope.push_for(&mut query, "k");
    query.build_query_scalar().fetch_one(op.db()).await
}

pub async fn insert(
    op: &mut Op,
    version: i32,
    by: Option<Uuid>,
    note: &str,
    needs: &BTreeSet<Need>,
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "insert into permission_sets (version, created_at, created_by, note) values ($1, $2, $3, $4)",
        version,
        now,
        by,
        note,
    )
    .execute(op.db())
    .await?;
    let words = |of: fn(&Need) -> &str| needs.iter().map(|need| of(need).to_owned()).collect();
    let resources: Vec<String> = words(|need| need.resource.as_str());
    let kinds: Vec<String> = words(|need| need.kind.as_str());
    let names: Vec<String> = words(|need| need.name.as_str());
    // Its trigger looks at every tenant once.
    sqlx::query!(
        "insert into permission_set_items (version, resource, kind, name)
         select $1, r, k, n from unnest($2::text[], $3::text[], $4::text[]) as s(r, k, n)",
        version,
        &resources,
        &kinds,
        &names,
    )
    .execute(op.db())
    .await?;
    Ok(())
}
