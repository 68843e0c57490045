//! The database that a backup is restored into: is it empty, does anybody use it, and emptying it.

use secrecy::SecretString;
use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions, Connection};

use super::snapshot::SnapshotError;
use super::urls;

/// A session of somebody who may make and drop everything in it.
#[derive(Debug)]
pub struct Target {
    connection: PgConnection,
}

impl Target {
    /// As `portal_migrate`, or as the private server's superuser; acts as `portal_owner`, whose the tables are to be.
    pub async fn open(url: &SecretString) -> Result<Self, SnapshotError> {
        let mut connection = urls::parse(url)?
            .application_name("tenantry restore")
            .options([
                ("timezone", "UTC"),
                ("lock_timeout", "10s"),
                // It would tell each system table that is not ours to analyze.
                ("client_min_messages", "error"),
            ])
            .connect()
            .await?;
        sqlx::query("set role portal_owner")
            .execute(&mut connection)
            .await?;
        Ok(Self { connection })
    }

    /// Is there any table?
    pub async fn is_empty(&mut self) -> Result<bool, SnapshotError> {
        let sql = "select not exists (select from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p'))";
        Ok(sqlx::query_scalar(sql)
            .fetch_one(&mut self.connection)
            .await?)
    }

    /// Names of the sessions that use the database besides ours.
    pub async fn users(&mut self) -> Result<Vec<String>, SnapshotError> {
        let sql = "select distinct coalesce(nullif(application_name, ''), usename, 'somebody')::text from pg_stat_activity
                   where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
                   order by 1";
        Ok(sqlx::query_scalar(sql)
            .fetch_all(&mut self.connection)
            .await?)
    }

    /// Drop everything.
    pub async fn clear(&mut self) -> Result<(), SnapshotError> {
        let sql = "begin; drop schema public cascade; create schema public authorization pg_database_owner;
                   grant usage on schema public to public; commit";
        sqlx::raw_sql(sql).execute(&mut self.connection).await?;
        Ok(())
    }

    /// Have the planner know the tables: an archive brings no statistics.
    pub async fn analyze(&mut self) -> Result<(), SnapshotError> {
        sqlx::query("analyze").execute(&mut self.connection).await?;
        Ok(())
    }

    pub async fn close(self) -> Result<(), SnapshotError> {
        Ok(self.connection.close().await?)
    }
}
