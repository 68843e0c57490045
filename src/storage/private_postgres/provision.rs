//! What a cluster needs before the migrator can log in: roles, their passwords, the database. Repeated at each start,
//! so that a lost password file or a killed first start heals itself.

use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{ConnectOptions, Connection};

use super::credentials::Credentials;
use super::error::Error;
use super::{Cluster, DATABASE, SUPERUSER};
use crate::storage::roles;

/// Make roles and database. `fresh` says that the server or a password is new; else a look is enough.
pub async fn provision(
    cluster: &Cluster,
    credentials: &Credentials,
    fresh: bool,
) -> Result<(), Error> {
    let mut connection = connect(cluster).await?;
    let complete: bool =
        sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
            .bind(DATABASE)
            .fetch_one(&mut connection)
            .await?;
    if fresh || !complete {
        roles::ensure(&mut connection, |role| credentials.password(role)).await?;
    }
    if !complete {
        roles::create_database(&mut connection, DATABASE, "template0").await?;
    }
    connection.close().await?;
    Ok(())
}

async fn connect(cluster: &Cluster) -> Result<PgConnection, sqlx::Error> {
    PgConnectOptions::new_without_pgpass()
        .socket(&cluster.layout.socket_dir)
        .port(5432)
        .username(SUPERUSER)
        .database("postgres")
        .ssl_mode(PgSslMode::Disable)
        .application_name("tenantry provision")
        // A statement that fails must not leave a password in the server's log.
        .options([
            ("log_min_error_statement", "panic"),
            ("log_statement", "none"),
        ])
        .connect()
        .await
}
