//! One unit of work: who acts, at what instant, in which transaction; and within which tenants. Every operation of the
//! domain takes an `Op` and, where tenants are concerned, a `Scope`. Dropping an `Op` rolls it back.

use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, QueryBuilder, Transaction};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::clock::Clock;
use crate::storage::{ApiKeyId, TechnicianId, TenantId};

/// Who acts, as the audit log names it.
#[derive(Clone, Debug)]
pub enum Actor {
    /// A signed-in technician.
    Technician {
        id: TechnicianId,
        email: String,
        ip: String,
    },
    /// A script with an API key, in the name of the key's owner.
    Key {
        id: ApiKeyId,
        /// The key's name and its owner's address.
        name: String,
        owner: TechnicianId,
        ip: String,
    },
    /// The bearer of an invitation link; nobody we know by name.
    Customer { ip: String },
    /// Somebody before the login, who may be anybody.
    Visitor { ip: String },
    /// A worker, by its name.
    Worker(&'static str),
    /// Someone with a shell on the server, by the command's name.
    Command(&'static str),
}

impl Actor {
    /// The technician's id, when one acts; for a key its owner's.
    pub fn technician(&self) -> Option<TechnicianId> {
        match self {
            Self::Technician { id, .. } | Self::Key { owner: id, .. } => Some(*id),
            _ => None,
        }
    }
}

/// Who acts, one instant and the open transaction. Operations write through [`Op::db`]; the last step commits.
pub struct Op {
    actor: Actor,
    now: OffsetDateTime,
    request_id: String,
    tx: Transaction<'static, Postgres>,
}

impl Op {
    /// Begin a unit of work at the clock's present instant. Workers and commands reach every tenant; whoever else acts
    /// reaches none until [`Op::enter`] or [`Op::begin_within`] says which.
    pub async fn begin(pool: &PgPool, clock: &Clock, actor: Actor) -> Result<Self, sqlx::Error> {
        let scope = match actor {
            Actor::Worker(_) | Actor::Command(_) => Some(Scope::all()),
            Actor::Technician { .. }
            | Actor::Key { .. }
            | Actor::Customer { .. }
            | Actor::Visitor { .. } => None,
        };
        Self::open(pool, clock, actor, scope).await
    }

    /// Begin a unit of work of somebody who reaches the tenants of `scope` and no others: rows outside are not there, also
    /// for a query that forgets to filter (row-level security, migration 161).
    pub async fn begin_within(
        pool: &PgPool,
        clock: &Clock,
        actor: Actor,
        scope: Scope,
    ) -> Result<Self, sqlx::Error> {
        Self::open(pool, clock, actor, Some(scope)).await
    }

    async fn open(
        pool: &PgPool,
        clock: &Clock,
        actor: Actor,
        scope: Option<Scope>,
    ) -> Result<Self, sqlx::Error> {
        let tx = match scope {
            // One round trip for both. What is put in is a word of ours or an id, see `setting`.
            Some(scope) => {
                let begin = format!(
                    "begin; select set_config('app.scope', '{}', true)",
                    scope.setting()
                );
                pool.begin_with(AssertSqlSafe(begin)).await?
            }
            None => pool.begin().await?,
        };
        Ok(Self {
            actor,
            now: clock.now(),
            request_id: String::new(),
            tx,
        })
    }

    /// Reach this tenant, and no other any more: for whoever holds its link or cookie.
    pub async fn enter(&mut self, tenant: TenantId) -> Result<(), sqlx::Error> {
        let setting = Scope::one(tenant).setting();
        sqlx::query_scalar!(
            r#"select set_config('app.scope', $1, true) as "set!""#,
            setting
        )
        .fetch_one(self.db())
        .await?;
        Ok(())
    }

    /// The same unit of work, carrying the request's id into the audit log.
    #[must_use]
    pub fn for_request(mut self, request_id: &str) -> Self {
        request_id.clone_into(&mut self.request_id);
        self
    }

    /// From here on in the name of somebody who has just proved who they are.
    pub fn continue_as(&mut self, actor: Actor) {
        self.actor = actor;
    }

    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The one instant of this unit of work.
    pub fn now(&self) -> OffsetDateTime {
        self.now
    }

    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The transaction's connection, for a store's queries.
    pub fn db(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// Until the end of this transaction nobody else holds this name: what is looked at next cannot change between the look and
    /// the act. Whoever asks meanwhile waits. For what has no row of its own to lock.
    pub async fn hold(&mut self, name: &str) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "select pg_advisory_xact_lock(hashtextextended($1, 0))",
            name
        )
        .execute(self.db())
        .await?;
        Ok(())
    }

    /// Undo everything and wait until it is undone; dropping an `Op` undoes too, and does not wait.
    pub async fn roll_back(self) -> Result<(), sqlx::Error> {
        self.tx.rollback().await
    }

    /// Make everything written so far durable.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        self.tx.commit().await
    }
}

/// Within which tenants an operation may look and act. Made only by extractors, workers and commands; each query filters
/// by it, so that what is outside looks absent.
///
/// Two filters stand side by side in a `WHERE`, each off when its parameter is null:
/// `($n::uuid is null or x.tenant_id = $n) and ($m::uuid is null or exists (select from technician_tenants g where
/// g.technician_id = $m and g.tenant_id = x.tenant_id))`. Inside the second the column must name its table: without, it
/// would mean `g`'s own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope(Reach);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    All,
    One(TenantId),
    Granted(TechnicianId),
}

impl Scope {
    /// Every tenant of the installation.
    pub const fn all() -> Self {
        Self(Reach::All)
    }

    /// One tenant: its Customer portal, or the holder of an invitation to it.
    pub const fn one(tenant: TenantId) -> Self {
        Self(Reach::One(tenant))
    }

    /// The tenants that this technician is limited to, as `technician_tenants` has them when a query reads it.
    pub const fn granted_to(technician: TechnicianId) -> Self {
        Self(Reach::Granted(technician))
    }

    /// The tenants that this API key is limited to: `technician_tenants` has them under the key's id.
    pub fn granted_to_key(key: ApiKeyId) -> Self {
        Self(Reach::Granted(key.as_uuid().into()))
    }

    /// Whether nothing is left out.
    pub const fn is_all(self) -> bool {
        matches!(self.0, Reach::All)
    }

    /// The first filter for a `WHERE`: null unless one tenant is meant.
    pub fn tenant(self) -> Option<TenantId> {
        match self.0 {
            Reach::All | Reach::Granted(_) => None,
            Reach::One(id) => Some(id),
        }
    }

    /// The second filter for a `WHERE`: null unless a limited technician looks, or a limited key.
    pub fn technician(self) -> Option<Uuid> {
        match self.0 {
            Reach::All | Reach::One(_) => None,
            Reach::Granted(id) => Some(id.as_uuid()),
        }
    }

    /// What row-level security reads.
    fn setting(self) -> String {
        match self.0 {
            Reach::All => "all".into(),
            Reach::One(tenant) => format!("tenant:{}", tenant.as_uuid()),
            Reach::Granted(technician) => format!("technician:{}", technician.as_uuid()),
        }
    }

    /// `table`, or the view of it that asks once for all rows what a policy asks of each: `fleet_<table>` for whoever sees
    /// everything, `granted_<table>` for whoever is limited. Filtered by [`Scope::push_for`].
    pub fn relation(self, table: &'static str) -> String {
        match self.0 {
            Reach::All => format!("fleet_{table}"),
            Reach::One(_) => table.to_owned(),
            Reach::Granted(_) => format!("granted_{table}"),
        }
    }

    /// Both filters for a query over a [`Scope::relation`] called `name`.
    pub fn push_for(self, query: &mut QueryBuilder<Postgres>, name: &str) {
        match self.0 {
            Reach::All | Reach::One(_) => self.push(query, &format!("{name}.tenant_id")),
            Reach::Granted(technician) => {
                query
                    .push(format_args!(" and {name}.granted_to = "))
                    .push_bind(technician.as_uuid());
            }
        }
    }

    /// Both filters for a query over tables: `column` names the tenant's id together with its table.
    pub fn push(self, query: &mut QueryBuilder<Postgres>, column: &str) {
        match self.0 {
            Reach::All => {}
            Reach::One(tenant) => {
                query
                    .push(format_args!(" and {column} = "))
                    .push_bind(tenant.as_uuid());
            }
            Reach::Granted(technician) => {
                query
                    .push(" and exists (select from technician_tenants g where g.technician_id = ")
                    .push_bind(technician.as_uuid())
                    .push(format_args!(" and g.tenant_id = {column})"));
            }
        }
    }
}
