//! What these tests stand on: a database with one tenant, a keeper of a few lines, a clock that can be moved.

use sqlx::PgPool;
use tenantry::clock::Clock;
use tenantry::domain::invitation::{
    self, Created, Invitation, InvitationInput, NewInvitation, SealedLink,
};
use tenantry::domain::op::{Actor, Op, Scope};
use tenantry::storage::TenantId;

use crate::support::db::{TestDb, test_db};
use crate::support::fake_keeper::FakeKeeper;
use crate::support::tenant;

pub struct Stage {
    pub db: TestDb,
    pub web: PgPool,
    pub clock: Clock,
    pub keeper: FakeKeeper,
    pub tenant: TenantId,
}

impl Stage {
    pub async fn set() -> Self {
        let db = test_db().await;
        let (web, clock) = (db.web(), Clock::system());
        let keeper = FakeKeeper::start(db.superuser());
        let tenant = tenant::add(&web, "contoso").await;
        Self {
            db,
            web,
            clock,
            keeper,
            tenant,
        }
    }

    pub async fn op(&self) -> Op {
        let actor = Actor::Customer {
            ip: "192.0.2.7".into(),
        };
        Op::begin_within(&self.web, &self.clock, actor, Scope::all())
            .await
            .unwrap()
    }

    pub async fn seal(&self) -> SealedLink {
        invitation::seal(&self.keeper.client, self.tenant)
            .await
            .unwrap()
    }

    /// An invitation good for seven days.
    pub async fn invite(&self) -> (Created, Invitation) {
        let sealed = self.seal().await;
        let mut op = self.op().await;
        let created = invitation::create(&mut op, Scope::all(), sealed, self.terms())
            .await
            .unwrap();
        op.commit().await.unwrap();
        let invitation = self.find(&created).await;
        (created, invitation)
    }

    pub fn terms(&self) -> NewInvitation {
        let input = InvitationInput {
            invitation_email: "it@contoso.example".into(),
            admin_username: "admin@contoso.example".into(),
            method: "device_code".into(),
            validity_hours: "168".into(),
            lasting: false,
        };
        NewInvitation {
            tenant: self.tenant,
            terms: input.parse().unwrap(),
        }
    }

    pub async fn find(&self, created: &Created) -> Invitation {
        let mut op = self.op().await;
        invitation::find(&mut op, Scope::all(), created.id)
            .await
            .unwrap()
            .unwrap()
    }

    /// The actions in the audit log, oldest first.
    pub async fn audit(&self) -> Vec<String> {
        sqlx::query_scalar("select action from audit_events order by id")
            .fetch_all(&self.db.superuser())
            .await
            .unwrap()
    }

    /// One value out of the database, as somebody who may look at every table.
    pub async fn look<T>(&self, sql: &'static str) -> T
    where
        T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        sqlx::query_scalar(sql)
            .fetch_one(&self.db.superuser())
            .await
            .unwrap()
    }
}
