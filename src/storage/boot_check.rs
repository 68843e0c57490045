//! What must be true of the database before anything is served, asked once at start. The schema's version is asked
//! again by every readiness check ([`super::schema`]).

use sqlx::FromRow;
use sqlx::postgres::PgPool;

use super::migrator::{Schema, schema};

/// What the asker counts on.
#[derive(Clone, Copy, Debug)]
pub struct Expect {
    /// The role whose grants the queries were written for, e.g. `portal_web`.
    pub role: &'static str,
    /// Accept a server that may forget committed work: tests only, `serve` never.
    pub volatile: bool,
}

/// One thing that is not as it must be, with what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BootCheck {
    #[error("this login is {found}, expected {expected}; set the database address of that role")]
    Role {
        expected: &'static str,
        found: String,
    },
    #[error("the role {0} may {1}; take that away (alter role {0} {2})")]
    TooMighty(String, &'static str, &'static str),
    #[error("rows of the table {0} are not guarded by tenant; run tenantry migrate")]
    Unguarded(String),
    #[error("the database has no schema yet; run tenantry migrate")]
    Empty,
    #[error(
        "the database is at migration {version}, this program needs {wanted}; run tenantry migrate"
    )]
    Behind { version: i64, wanted: i64 },
    #[error(
        "the database comes from a backup and has not been made ready: run tenantry restore --finish, which revokes again what was revoked since"
    )]
    Restored,
    #[error("{0} is off, so the server may forget tokens it said it stored; turn it on")]
    Forgetful(&'static str),
    #[error(
        "the session's time zone is {0} although UTC was asked for; remove the role's or database's own setting"
    )]
    TimeZone(String),
    #[error(
        "the connection to Postgres is neither encrypted nor local; add sslmode=verify-full to the address"
    )]
    Plain,
}

/// The check failed, or could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BootCheckError {
    #[error("the database is not fit for use: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Unfit(Vec<BootCheck>),
    #[error("the database cannot be reached")]
    Unreachable(#[from] sqlx::Error),
}

#[derive(FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "a row of independent facts")]
struct Facts {
    role: String,
    superuser: bool,
    bypasses_rls: bool,
    makes_roles: bool,
    makes_databases: bool,
    owns_schema: bool,
    acts_as_owner: bool,
    fsync: String,
    synchronous_commit: String,
    timezone: String,
    local: bool,
    encrypted: bool,
}

/// Look at the login behind `pool` and at the server.
pub async fn boot_check(pool: &PgPool, expect: Expect) -> Result<(), BootCheckError> {
    let facts: Facts = sqlx::query_as(
        "select current_user::text as role, rolsuper as superuser, rolbypassrls as bypasses_rls,
           rolcreaterole as makes_roles, rolcreatedb as makes_databases,
           has_schema_privilege(current_user, 'public', 'create') as owns_schema,
           exists (select from pg_roles o where o.rolname = 'portal_owner' and pg_has_role(current_user, o.oid, 'member')
             and current_user <> 'portal_owner') as acts_as_owner,
           current_setting('fsync') as fsync, current_setting('synchronous_commit') as synchronous_commit,
           current_setting('timezone') as timezone,
           coalesce(host(inet_client_addr())::inet <<= any (array['127.0.0.0/8', '::1']::inet[]), true) as local,
           coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false) as encrypted
         from pg_roles where rolname = current_user",
    )
    .fetch_one(pool)
    .await?;
    let mut wrong = facts.judge(expect);
    let unguarded = unguarded(pool).await?;
    wrong.extend(unguarded.into_iter().map(BootCheck::Unguarded));
    match schema(pool).await? {
        Schema::Current { .. } => {
            if !is_live(pool).await? {
                wrong.push(BootCheck::Restored);
            }
        }
        Schema::Behind { version, wanted } => wrong.push(BootCheck::Behind { version, wanted }),
        Schema::Empty { .. } => wrong.push(BootCheck::Empty),
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(BootCheckError::Unfit(wrong))
}

/// Tables of tenants, and of API keys, that lack row-level security, its force on their owner, or the portal's policy. Partitions are reached
/// through their parents only.
async fn unguarded(pool: &PgPool) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select c.relname::text from pg_class c
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
           and (c.relname in ('tenants', 'api_keys', 'api_key_uses') or exists (select from pg_attribute a
             where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped))
           and c.relname !~ '^audit_'
           and not (c.relrowsecurity and c.relforcerowsecurity and exists (select from pg_policy p
             where p.polrelid = c.oid and p.polpermissive
               and p.polroles = array[(select oid from pg_roles where rolname = 'portal_web')]
               and pg_get_expr(p.polqual, p.polrelid) like '%app.scope%'
             union all select from pg_policy p where p.polrelid = c.oid and c.relname = 'technician_tenants'))
         order by 1",
    )
    .fetch_all(pool)
    .await
}

/// False between the restore of a backup and the end of `tenantry restore`.
async fn is_live(pool: &PgPool) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from installation_state)")
        .fetch_one(pool)
        .await
}

impl Facts {
    fn judge(&self, expect: Expect) -> Vec<BootCheck> {
        let mut wrong = Vec::new();
        if self.role != expect.role {
            wrong.push(BootCheck::Role {
                expected: expect.role,
                found: self.role.clone(),
            });
        }
        for (holds, may, cure) in [
            (self.superuser, "do everything (superuser)", "nosuperuser"),
            (self.bypasses_rls, "pass by row security", "nobypassrls"),
            (self.makes_roles, "make roles", "nocreaterole"),
            (self.makes_databases, "make databases", "nocreatedb"),
            (
                self.acts_as_owner && !self.superuser,
                "act as portal_owner",
                "is not enough: revoke portal_owner from it",
            ),
        ] {
            if holds {
                wrong.push(BootCheck::TooMighty(self.role.clone(), may, cure));
            }
        }
        if self.owns_schema && !self.superuser {
            wrong.push(BootCheck::TooMighty(
                self.role.clone(),
                "create tables",
                "is not enough: revoke create on schema public",
            ));
        }
        if !expect.volatile {
            for (setting, value) in [
                ("fsync", &self.fsync),
                ("synchronous_commit", &self.synchronous_commit),
            ] {
                if value == "off" {
                    wrong.push(BootCheck::Forgetful(setting));
                }
            }
        }
        if self.timezone != "UTC" {
            wrong.push(BootCheck::TimeZone(self.timezone.clone()));
        }
        if !self.local && !self.encrypted {
            wrong.push(BootCheck::Plain);
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Facts {
        Facts {
            role: "portal_web".into(),
            superuser: false,
            bypasses_rls: false,
            makes_roles: false,
            makes_databases: false,
            owns_schema: false,
            acts_as_owner: false,
            fsync: "on".into(),
            synchronous_commit: "on".into(),
            timezone: "UTC".into(),
            local: false,
            encrypted: true,
        }
    }

    const SERVE: Expect = Expect {
        role: "portal_web",
        volatile: false,
    };

    #[test]
    fn a_login_with_just_its_grants_is_fit() {
        assert_eq!(good().judge(SERVE), []);
    }

    #[test]
    fn a_mighty_login_and_an_open_line_are_refused() {
        let facts = Facts {
            superuser: true,
            encrypted: false,
            ..good()
        };
        let wrong = facts.judge(SERVE);
        assert!(matches!(
            wrong.as_slice(),
            [BootCheck::TooMighty(..), BootCheck::Plain]
        ));
    }

    #[test]
    fn only_tests_may_use_a_forgetful_server() {
        let facts = Facts {
            fsync: "off".into(),
            ..good()
        };
        assert_eq!(facts.judge(SERVE), [BootCheck::Forgetful("fsync")]);
        assert_eq!(
            facts.judge(Expect {
                volatile: true,
                ..SERVE
            }),
            []
        );
    }
}
