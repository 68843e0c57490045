//! What a cluster needs before the migrator can log in: roles, their passwords, the database. Repeated at each start,
//! so that a lost password file or a killed first start heals itself.

use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{ConnectOptions, Connection};

use super::credentials;
use super::error::Error;
use super::{Cluster, DATABASE, SUPERUSER};
use crate::storage::roles;

/// Make roles and database. `started` says that we started the server; else a look is enough.
pub async fn provision(cluster: &Cluster, started: bool) -> Result<(), Error> {
    let mut connection = connect(cluster).await?;
    let complete: bool =
        sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
            .bind(DATABASE)
            .fetch_one(&mut connection)
            .await?;
    if started || !complete {
        roles::ensure(&mut connection, |_| None).await?;
    }
    if !cluster.options.volatile {
        give_passwords(cluster, &mut connection).await?;
    }
    if !complete {
        roles::create_database(&mut connection, DATABASE, "template0").await?;
    }
    connection.close().await?;
    Ok(())
}

/// A new password for each login whose file is missing; the file's for each that Postgres has none of, which is so after its
/// data was made anew. The other files are not opened: they are not ours to read.
async fn give_passwords(cluster: &Cluster, connection: &mut PgConnection) -> Result<(), Error> {
    let (layout, account) = (&cluster.layout, &cluster.account);
    for role in credentials::missing(layout) {
        let password = credentials::make();
        roles::set_password(connection, role, &password).await?;
        // Written last, so that a kill in between leaves a file that is missing and not one that is wrong.
        credentials::store(layout, account, role, &password)?;
    }
    let unknown: Vec<String> = sqlx::query_scalar(
        "select rolname::text from pg_authid where rolcanlogin and rolpassword is null and rolname like 'portal\\_%'",
    )
    .fetch_all(&mut *connection)
    .await?;
    for role in unknown {
        if let Some(password) = credentials::read(layout, &role) {
            roles::set_password(connection, &role, &password).await?;
        }
    }
    Ok(())
}

async fn connect(cluster: &Cluster) -> Result<PgConnection, sqlx::Error> {
    // Passwords are given in statements, which the library would log at its finest levels.
    PgConnectOptions::new_without_pgpass()
        .disable_statement_logging()
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
