//! The database's roles: who may log in, and what sets them apart before any table exists. What each may touch is
//! granted by the migrations. Needs a superuser; on a foreign server the operator runs the same once (README).

use secrecy::{ExposeSecret, SecretString};
use sqlx::AssertSqlSafe;
use sqlx::error::DatabaseError;
use sqlx::postgres::PgConnection;

/// Roles that log in. `portal_owner` owns everything and does not.
pub const LOGINS: [&str; 5] = [
    "portal_migrate",
    "portal_web",
    "portal_keeper",
    "portal_ops",
    "portal_backup",
];

/// Make the roles that are missing and give each login its password, if `password` knows one.
pub async fn ensure<'a>(
    connection: &mut PgConnection,
    password: impl Fn(&str) -> Option<&'a SecretString>,
) -> Result<(), sqlx::Error> {
    run(
        connection,
        "portal_owner",
        "create role portal_owner nologin",
    )
    .await?;
    for role in LOGINS {
        run(connection, role, &format!("create role {role} login")).await?;
        sqlx::query(AssertSqlSafe(format!("alter role {role} login")))
            .execute(&mut *connection)
            .await?;
        if let Some(password) = password(role) {
            set_password(connection, role, password).await?;
        }
    }
    for statement in [
        "grant portal_owner to portal_migrate",
        // The Operations page shows the oldest transaction and the replicas, through a function of the owner's.
        "grant pg_read_all_stats to portal_owner",
        "alter role portal_backup bypassrls",
        "alter role portal_backup set default_transaction_read_only = on",
        "alter role portal_ops set default_transaction_read_only = on",
    ] {
        sqlx::query(statement).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Give the login `role`, a plain identifier, its password.
pub async fn set_password(
    connection: &mut PgConnection,
    role: &str,
    password: &SecretString,
) -> Result<(), sqlx::Error> {
    // Ours, and hexadecimal; quotes are doubled all the same.
    let password = password.expose_secret().replace('\'', "''");
    sqlx::query(AssertSqlSafe(format!(
        "alter role {role} password '{password}'"
    )))
    .execute(connection)
    .await?;
    Ok(())
}

/// `statement`, unless `role` exists; another program making it at the same moment is as good.
async fn run(
    connection: &mut PgConnection,
    role: &str,
    statement: &str,
) -> Result<(), sqlx::Error> {
    let block = format!(
        "do $$ begin
           if not exists (select from pg_roles where rolname = '{role}') then {statement}; end if;
         exception when duplicate_object or unique_violation then null; end $$"
    );
    sqlx::query(AssertSqlSafe(block))
        .execute(connection)
        .await?;
    Ok(())
}

/// Make database `name` from `template`, owned by `portal_owner`, for our logins only and without temporary tables.
/// One that exists already is left alone. `name` and `template` are plain lower-case identifiers.
pub async fn create_database(
    connection: &mut PgConnection,
    name: &str,
    template: &str,
) -> Result<(), sqlx::Error> {
    // Its files are copied. By default each page goes through the log as well, and costs a second time when it is dropped.
    let made = sqlx::query(AssertSqlSafe(format!(
        "create database {name} owner portal_owner template {template} strategy file_copy"
    )))
    .execute(&mut *connection)
    .await;
    match made {
        Err(error) if !is_duplicate(&error) => return Err(error),
        _ => {}
    }
    for statement in [
        format!("revoke all on database {name} from public"),
        format!("grant connect on database {name} to {}", LOGINS.join(", ")),
    ] {
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// 42P04: the database exists. 23505: it was made by someone else at the same moment.
fn is_duplicate(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    matches!(code.as_deref(), Some("42P04" | "23505"))
}
