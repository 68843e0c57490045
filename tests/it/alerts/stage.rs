//! A portal with tenants, a receiver and a mail server; looks and deliveries happen when the test says so.

use std::time::Duration;

use sqlx::AssertSqlSafe;
use tenantry::domain::alert::{
    self, ChannelInput, ChannelKind, Courier, Evaluated, RuleInput, Voice,
};
use tenantry::domain::op::{Actor, Op};
use tenantry::keeper::text::Text;
use tenantry::storage::{ConnectionId, TenantId};
use uuid::Uuid;

use super::receiver::Receiver;
use crate::support::app::TestApp;
use crate::support::fleet::Fleet;
use crate::support::smtp::MailServer;

pub struct Stage {
    pub app: TestApp,
    pub fleet: Fleet,
    pub receiver: Receiver,
    pub mail: MailServer,
}

impl Stage {
    pub async fn new() -> Self {
        let receiver = Receiver::start().await;
        let mail = MailServer::start().await;
        let mailer = mail.mailer();
        let guard = receiver.guard();
        let app = TestApp::start_with(|app| {
            app.guard = guard;
            app.mailer = Some(mailer);
        })
        .await;
        let fleet = Fleet::new(&app.db, app.clock.now()).await;
        Self {
            app,
            fleet,
            receiver,
            mail,
        }
    }

    pub async fn op(&self) -> Op {
        Op::begin(&self.app.app.pool, &self.app.clock, Actor::Command("test"))
            .await
            .unwrap()
    }

    pub fn courier(&self) -> Courier {
        self.app.app.courier()
    }

    /// The rule that every installation begins with is off: the test's own rules alone count.
    pub async fn silence(&self) {
        self.sql("update alert_rules set enabled = false").await;
    }

    pub async fn sql(&self, sql: &str) {
        sqlx::query(AssertSqlSafe(sql.to_owned()))
            .execute(&self.app.pool)
            .await
            .unwrap();
    }

    pub async fn number(&self, sql: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
            .fetch_one(&self.app.pool)
            .await
            .unwrap()
    }

    pub async fn channel(&self, kind: ChannelKind, name: &str) -> Uuid {
        let input = ChannelInput {
            name: name.into(),
            recipients: "desk@msp.example".into(),
            url: Text::new(self.receiver.address()),
            every_minutes: "5".into(),
        };
        let app = &self.app.app;
        let prepared = alert::prepare(&app.keeper, &app.guard, kind, input)
            .await
            .unwrap();
        let mut op = self.op().await;
        let created = alert::add(&mut op, prepared).await.unwrap();
        op.commit().await.unwrap();
        created.id
    }

    pub async fn rule(&self, events: &[&str], channels: &[Uuid]) -> Uuid {
        self.rule_with(events, channels, |_| {}).await
    }

    pub async fn rule_with(
        &self,
        events: &[&str],
        channels: &[Uuid],
        change: impl FnOnce(&mut RuleInput),
    ) -> Uuid {
        let mut input = RuleInput {
            name: format!("Rule {}", tenantry::clock::random_uuid()),
            events: events.iter().map(ToString::to_string).collect(),
            channels: channels.iter().map(ToString::to_string).collect(),
            ..RuleInput::fresh()
        };
        change(&mut input);
        let mut op = self.op().await;
        let id = alert::save_rule(&mut op, None, &input).await.unwrap();
        op.commit().await.unwrap();
        id
    }

    pub async fn change_rule(&self, id: Uuid, change: impl FnOnce(&mut RuleInput)) {
        let mut op = self.op().await;
        let rule = alert::rule(&mut op, id).await.unwrap().unwrap();
        let mut input = RuleInput::of(&rule, &[]);
        change(&mut input);
        alert::save_rule(&mut op, Some(id), &input).await.unwrap();
        op.commit().await.unwrap();
    }

    /// A tenant whose authorisation works.
    pub async fn tenant(&self, name: &str) -> (TenantId, ConnectionId) {
        let tenant = self.fleet.tenant(name, &format!("{name} Ltd")).await;
        let connection = self.fleet.connection(tenant, "active").await;
        (tenant, connection)
    }

    pub async fn dies(&self, connection: ConnectionId) {
        let at = self.app.clock.now();
        let change =
            format!("state = 'needs_consent', cause = 'password_changed', state_since = '{at}'");
        self.fleet.change(connection, &change).await;
    }

    pub async fn lives(&self, connection: ConnectionId) {
        let at = self.app.clock.now();
        let change = format!(
            "state = 'active', cause = null, trouble_since = null, last_ok_at = '{at}', state_since = '{at}'"
        );
        self.fleet.change(connection, &change).await;
    }

    pub async fn stumbles(&self, connection: ConnectionId) {
        let at = self.app.clock.now();
        self.fleet
            .change(connection, &format!("trouble_since = '{at}'"))
            .await;
    }

    /// One look at what happened.
    pub async fn look(&self) -> Evaluated {
        let mut sum = Evaluated::default();
        loop {
            let mut op = self.op().await;
            let voice: Voice = self.app.app.voice();
            let done = alert::evaluate(&mut op, &voice).await.unwrap().unwrap();
            op.commit().await.unwrap();
            sum.opened += done.opened;
            sum.closed += done.closed;
            sum.reminded += done.reminded;
            if !done.more {
                return sum;
            }
        }
    }

    pub async fn send(&self) -> (usize, usize) {
        alert::deliver(&self.courier()).await.unwrap()
    }

    /// Look and send until nothing is due.
    pub async fn settle(&self) {
        self.look().await;
        while self.send().await.0 > 0 {}
    }

    pub fn later(&self, by: Duration) {
        self.app.advance(by);
    }

    /// `event step` of everything heard.
    pub fn heard(&self) -> Vec<String> {
        self.receiver
            .heard()
            .iter()
            .map(super::receiver::Heard::what)
            .collect()
    }
}
