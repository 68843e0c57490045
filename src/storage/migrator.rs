//! The schema's history, compiled in from `migrations/`, and where a database stands in it.

use secrecy::SecretString;
use sqlx::error::DatabaseError;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions, Connection, PgExecutor};

use super::urls::{self, UrlError};

/// One number for all Tenantry migrators of a database ("tenantry" in ASCII); the second waits for the first.
const LOCK: i64 = 0x7465_6e61_6e74_7279;

/// Why the schema could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    #[error(
        "set database.migrate_url to an address that may change the schema, e.g. of portal_migrate"
    )]
    NoAddress,
    #[error(transparent)]
    Url(#[from] UrlError),
    #[error("the database cannot be reached")]
    Unreachable(#[source] sqlx::Error),
    #[error(
        "another migration has been running for a minute; wait for it, or end its session in Postgres"
    )]
    Busy(#[source] sqlx::Error),
    #[error(
        "the database has migration {0}, which this program does not know: it was made by a newer Tenantry, so run that one"
    )]
    Newer(i64),
    #[error(
        "migration {0} was applied with another text than this program has; restore the released program or the database"
    )]
    Changed(i64),
    #[error("migration {version} failed and was rolled back")]
    Failed {
        version: i64,
        #[source]
        source: sqlx::Error,
    },
    #[error("the migrations could not be run")]
    Other(#[source] MigrateError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Where a database stands against the migrations compiled into this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// Every migration of this program is applied, and perhaps newer ones, which by rule it survives.
    Current { version: i64 },
    /// Migrations are missing: run `tenantry migrate`.
    Behind { version: i64, wanted: i64 },
    /// Never migrated.
    Empty { wanted: i64 },
}

/// Bring the database at `url` up to date; returns its version, or what stopped it. Safe to call again and from several
/// places at once: they queue for an advisory lock.
///
/// Tables belong to `portal_owner` where the login may act as that role, so that no login owns what it reads.
pub async fn migrate(url: &SecretString) -> Result<i64, MigrationError> {
    let mut connection = urls::parse(url)?
        .application_name("tenantry migrate")
        .options([("timezone", "UTC"), ("lock_timeout", "60s")])
        .connect()
        .await
        .map_err(MigrationError::Unreachable)?;
    sqlx::query("select pg_advisory_lock($1)")
        .bind(LOCK)
        .execute(&mut connection)
        .await
        .map_err(MigrationError::Busy)?;
    let version = run(&mut connection).await?;
    // Closing the session frees the lock.
    connection.close().await?;
    Ok(version)
}

async fn run(connection: &mut PgConnection) -> Result<i64, MigrationError> {
    become_owner(connection).await?;
    sqlx::query("set lock_timeout = '3s'")
        .execute(&mut *connection)
        .await?;
    migrator()
        .run_direct(None, connection, false)
        .await
        .map_err(meaning)?;
    // Tables of tenants that the migrations made are guarded like all others, also when a migration does not say so.
    sqlx::query("select secure_tenant_tables()")
        .execute(&mut *connection)
        .await?;
    for role in ["portal_web", "portal_keeper", "portal_ops", "portal_backup"] {
        // Readiness asks every login for the schema's version.
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "grant select on _sqlx_migrations to {role}"
        )))
        .execute(&mut *connection)
        .await?;
    }
    Ok(wanted())
}

/// Act as whoever owns the schema so far, else as `portal_owner`, if this login may.
async fn become_owner(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let owner: Option<String> = sqlx::query_scalar(
        "select rolname::text from pg_roles
         where pg_has_role(current_user, oid, 'member') and rolname <> current_user
           and case when to_regclass('_sqlx_migrations') is null
                 then rolname = 'portal_owner' and has_schema_privilege(oid, 'public', 'create')
                 else oid = (select relowner from pg_class where oid = to_regclass('_sqlx_migrations')) end",
    )
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(owner) = owner {
        sqlx::query("select set_config('role', $1, false)")
            .bind(owner)
            .execute(connection)
            .await?;
    }
    Ok(())
}

fn meaning(error: MigrateError) -> MigrationError {
    match error {
        MigrateError::VersionMissing(version) => MigrationError::Newer(version),
        MigrateError::VersionMismatch(version) => MigrationError::Changed(version),
        MigrateError::ExecuteMigration(source, version) => {
            MigrationError::Failed { version, source }
        }
        other => MigrationError::Other(other),
    }
}

/// Ask where the database stands; cheap enough for every readiness check.
pub async fn schema(db: impl PgExecutor<'_>) -> Result<Schema, sqlx::Error> {
    let wanted = wanted();
    let found: Result<Option<i64>, sqlx::Error> =
        sqlx::query_scalar("select max(version) from _sqlx_migrations where success")
            .fetch_one(db)
            .await;
    match found {
        Ok(Some(version)) if version >= wanted => Ok(Schema::Current { version }),
        Ok(Some(version)) => Ok(Schema::Behind { version, wanted }),
        Ok(None) => Ok(Schema::Empty { wanted }),
        Err(error) if is_undefined_table(&error) => Ok(Schema::Empty { wanted }),
        Err(error) => Err(error),
    }
}

fn is_undefined_table(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.as_deref() == Some("42P01")
}

/// A short name for this exact set of migrations, by their checksums: two programs with the same one make the same
/// schema. Tests name their template database by it.
pub fn migrations_fingerprint() -> String {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for migration in migrator().iter() {
        context.update(&migration.version.to_be_bytes());
        context.update(&migration.checksum);
    }
    hex::encode(context.finish().as_ref().get(..8).unwrap_or_default())
}

/// The newest migration of this program.
pub fn wanted() -> i64 {
    migrator()
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or_default()
}

fn migrator() -> Migrator {
    let mut migrator = sqlx::migrate!("./migrations");
    // Our own advisory lock is held around the whole run, with a time limit and a clear message.
    migrator.set_locking(false);
    migrator
}
