//! A snapshot of the whole database for a backup: one instant that every table is counted at, and that `pg_dump` reads too.

use std::collections::BTreeMap;

use secrecy::SecretString;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::migrator::{Schema, schema};
use super::urls::{self, UrlError};

/// The only role that may take a backup.
pub const ROLE: &str = "portal_backup";

/// Rows of each table, by the name with its schema, quoted as Postgres quotes.
pub type RowCounts = BTreeMap<String, u64>;

/// Why there is nothing to back up.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error(transparent)]
    Url(#[from] UrlError),
    #[error("the database cannot be read")]
    Database(#[from] sqlx::Error),
    #[error(
        "this login is {0}, expected {ROLE}: set database.backup_url to an address of that role"
    )]
    Role(String),
    #[error("the role {ROLE} {0}: a backup taken by it could be anything but whole; {1}")]
    Unfit(&'static str, &'static str),
    #[error("the role {ROLE} may not read {0}; run tenantry migrate")]
    Unreadable(String),
    #[error(
        "the database comes from a backup and has not been made ready: run tenantry restore --finish first"
    )]
    Unfinished,
    #[error("the database has no schema yet: there is nothing to back up")]
    Empty,
    #[error(
        "the database is at migration {version}, this program needs {wanted}; run tenantry migrate first"
    )]
    Behind { version: i64, wanted: i64 },
}

/// An open snapshot. It ends when this is dropped or closed.
#[derive(Debug)]
pub struct Snapshot {
    connection: PgConnection,
    /// By which other sessions may look at the same instant.
    pub id: String,
    /// Version of the schema.
    pub schema: i64,
    /// Of the server, e.g. `15.14`.
    pub postgres: String,
}

struct Role {
    name: String,
    superuser: bool,
    bypasses_rls: bool,
}

impl Snapshot {
    /// Look at the login at `url`, which must be `portal_backup` as the migrations made it, and open a snapshot.
    pub async fn open(url: &SecretString) -> Result<Self, SnapshotError> {
        let mut connection = connect(url).await?;
        let schema = match schema(&mut connection).await? {
            Schema::Current { version } => version,
            Schema::Behind { version, wanted } => {
                return Err(SnapshotError::Behind { version, wanted });
            }
            Schema::Empty { .. } => return Err(SnapshotError::Empty),
        };
        let is_live: bool = sqlx::query_scalar("select exists (select from installation_state)")
            .fetch_one(&mut connection)
            .await?;
        if !is_live {
            return Err(SnapshotError::Unfinished);
        }
        sqlx::query("begin isolation level repeatable read read only")
            .execute(&mut connection)
            .await?;
        let (id, postgres) =
            sqlx::query_as("select pg_export_snapshot(), current_setting('server_version')")
                .fetch_one(&mut connection)
                .await?;
        Ok(Self {
            connection,
            id,
            schema,
            postgres,
        })
    }

    /// Count every table.
    pub async fn count(&mut self) -> Result<RowCounts, SnapshotError> {
        count(&mut self.connection).await
    }

    /// The master keys that the data needs.
    pub async fn master_keys(&mut self) -> Result<Vec<String>, SnapshotError> {
        let sql = "select distinct kek_id from data_keys where state <> 'destroyed' order by 1";
        Ok(sqlx::query_scalar(sql)
            .fetch_all(&mut self.connection)
            .await?)
    }

    /// Let go of it.
    pub async fn close(self) -> Result<(), SnapshotError> {
        Ok(self.connection.close().await?)
    }
}

/// Count every table now, as `portal_backup`: nobody else is sure to see every row.
pub async fn count_rows(url: &SecretString) -> Result<RowCounts, SnapshotError> {
    let mut connection = connect(url).await?;
    let counts = count(&mut connection).await?;
    connection.close().await?;
    Ok(counts)
}

async fn connect(url: &SecretString) -> Result<PgConnection, SnapshotError> {
    let mut connection = urls::parse(url)?
        .application_name("tenantry backup")
        // Row security off means: an error instead of a table that silently looks empty.
        .options([
            ("timezone", "UTC"),
            ("row_security", "off"),
            ("lock_timeout", "10s"),
        ])
        .connect()
        .await?;
    check_role(&mut connection).await?;
    Ok(connection)
}

async fn check_role(connection: &mut PgConnection) -> Result<(), SnapshotError> {
    let (name, superuser, bypasses_rls) = sqlx::query_as(
        "select current_user::text, rolsuper, rolbypassrls from pg_roles where rolname = current_user",
    )
    .fetch_one(connection)
    .await?;
    Role {
        name,
        superuser,
        bypasses_rls,
    }
    .check()
}

impl Role {
    fn check(self) -> Result<(), SnapshotError> {
        if self.name != ROLE {
            return Err(SnapshotError::Role(self.name));
        }
        if self.superuser {
            return Err(SnapshotError::Unfit(
                "is a superuser",
                "run alter role portal_backup nosuperuser",
            ));
        }
        if !self.bypasses_rls {
            return Err(SnapshotError::Unfit(
                "is subject to row security",
                "run alter role portal_backup bypassrls",
            ));
        }
        Ok(())
    }
}

/// Every table that holds rows of its own, extensions' apart.
async fn count(connection: &mut PgConnection) -> Result<RowCounts, SnapshotError> {
    let tables: Vec<(String, bool)> = sqlx::query_as(
        "select format('%I.%I', n.nspname, c.relname), has_table_privilege(c.oid, 'select')
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_%'
           and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
         order by 1",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut counts = RowCounts::new();
    for (table, is_readable) in tables {
        if !is_readable {
            return Err(SnapshotError::Unreadable(table));
        }
        // The name comes from the catalogue, quoted by Postgres itself.
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {table}")))
            .fetch_one(&mut *connection)
            .await?;
        counts.insert(table, u64::try_from(rows).unwrap_or_default());
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str, superuser: bool, bypasses_rls: bool) -> Result<(), SnapshotError> {
        let name = name.to_owned();
        Role {
            name,
            superuser,
            bypasses_rls,
        }
        .check()
    }

    #[test]
    fn only_the_role_for_backups_may_take_one() {
        assert!(role(ROLE, false, true).is_ok());
        assert!(matches!(
            role("portal_keeper", false, false),
            Err(SnapshotError::Role(_))
        ));
        assert!(matches!(
            role("postgres", true, true),
            Err(SnapshotError::Role(_))
        ));
        assert!(matches!(
            role(ROLE, true, true),
            Err(SnapshotError::Unfit(..))
        ));
        assert!(matches!(
            role(ROLE, false, false),
            Err(SnapshotError::Unfit(..))
        ));
    }
}
