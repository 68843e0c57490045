//! A portal with a mail server, tenants with addresses, and the worker's turns at hand.

use std::time::Duration;

use tenantry::app::App;
use tenantry::domain::campaign::{
    self, BoardRow, CampaignInput, Counts, RowFilter, Runner, Stage as Step, Swept,
};
use tenantry::domain::op::{Actor, Op, Scope};
use tenantry::domain::technician::Role;
use tenantry::storage::{CampaignId, TenantId};

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::fleet::Fleet;
use crate::support::page::Page;
use crate::support::smtp::MailServer;

pub struct Stage {
    pub app: TestApp,
    pub server: MailServer,
    pub fleet: Fleet,
    pub owner: Browser,
}

/// The form as a technician leaves it, but for what is pressing: nobody waits for the next mail.
pub const FAST: [(&str, &str); 8] = [
    ("name", "Autumn"),
    ("reason", "expired"),
    ("per_hour", "10000"),
    ("hours_from", ""),
    ("hours_until", ""),
    ("deadline", ""),
    ("remind_days", "3"),
    ("remind_most", "2"),
];

pub fn runner(app: &App) -> Runner {
    Runner {
        pool: app.pool.clone(),
        clock: app.clock.clone(),
        keeper: app.keeper.clone(),
    }
}

/// Addressee and `Message-ID` of every letter, in the order in which they came.
pub fn letters(server: &MailServer) -> Vec<(String, String)> {
    let header = |letter: &str, name: &str| {
        let line = letter.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim().to_owned()
    };
    server
        .letters()
        .iter()
        .map(|letter| (header(letter, "To:"), header(letter, "Message-ID:")))
        .collect()
}

pub fn input() -> CampaignInput {
    CampaignInput {
        name: "Autumn".into(),
        reason: "expired".into(),
        per_hour: "10000".into(),
        remind_days: "3".into(),
        remind_most: "2".into(),
        ..CampaignInput::default()
    }
}

impl Stage {
    pub async fn new() -> Self {
        let server = MailServer::start().await;
        let post = server.mailer();
        let app = TestApp::start_with(|app| app.mailer = Some(post)).await;
        let fleet = Fleet::new(&app.db, app.clock.now()).await;
        let owner = app.login(Role::Owner).await;
        Self {
            app,
            server,
            fleet,
            owner,
        }
    }

    /// A tenant whose invitations go to `it@<name>.example`.
    pub async fn tenant(&self, name: &str) -> TenantId {
        let id = self.fleet.tenant(name, &format!("{name} Ltd")).await;
        let address = format!("invitation_email = 'it@{name}.example'");
        self.fleet.change_tenant(id, &address).await;
        id
    }

    pub async fn op(&self) -> Op {
        Op::begin(&self.app.app.pool, &self.app.clock, Actor::Command("test"))
            .await
            .unwrap()
    }

    /// A campaign for these tenants, not started yet.
    pub async fn draft(&self, typed: &CampaignInput, tenants: &[TenantId]) -> CampaignId {
        let mut op = self.op().await;
        let new = typed.parse(op.now()).unwrap();
        let id = campaign::create(&mut op, Scope::all(), &new, tenants)
            .await
            .unwrap();
        op.commit().await.unwrap();
        id
    }

    /// A running campaign for these tenants.
    pub async fn campaign(&self, typed: &CampaignInput, tenants: &[TenantId]) -> CampaignId {
        let id = self.draft(typed, tenants).await;
        let mut op = self.op().await;
        campaign::start(&mut op, Scope::all(), id).await.unwrap();
        op.commit().await.unwrap();
        id
    }

    /// Turns of the campaigns' worker and of the mails', a second apart, until neither has anything to do.
    pub async fn turns(&self) -> Swept {
        let mut all = Swept::default();
        loop {
            let swept = runner(&self.app.app).sweep().await.unwrap();
            let sent = self.app.app.sender().sweep().await.unwrap();
            all.asked += swept.asked;
            all.reminded += swept.reminded;
            all.left_out += swept.left_out;
            all.checked += swept.checked;
            all.ended += swept.ended;
            if swept == Swept::default() && sent.sent + sent.failed + sent.cancelled == 0 {
                return all;
            }
            self.app.advance(Duration::from_secs(1));
        }
    }

    pub async fn counts(&self, id: CampaignId) -> Counts {
        let mut op = self.op().await;
        campaign::counts(&mut op, Scope::all(), id).await.unwrap()
    }

    pub async fn rows(&self, id: CampaignId) -> Vec<BoardRow> {
        let mut op = self.op().await;
        let all = RowFilter::default();
        let rows = campaign::board(&mut op, Scope::all(), id, &all, 10_000, 0).await;
        rows.unwrap().0
    }

    pub async fn stop(&self, id: CampaignId, withdraw: bool) {
        let mut op = self.op().await;
        campaign::stop(&mut op, Scope::all(), id, withdraw)
            .await
            .unwrap();
        op.commit().await.unwrap();
    }

    /// "Try failed ones again", and what comes of it.
    pub async fn retry(&self, id: CampaignId) {
        let mut op = self.op().await;
        campaign::retry(&mut op, Scope::all(), id).await.unwrap();
        op.commit().await.unwrap();
        self.turns().await;
    }

    /// The tenant's administrator gets through.
    pub async fn complete(&self, tenant: TenantId) {
        sqlx::query(
            "update invitations set state = 'completed', ended_at = $2 where tenant_id = $1",
        )
        .bind(tenant)
        .bind(self.app.clock.now())
        .execute(&self.app.pool)
        .await
        .unwrap();
    }

    /// Stage and note of the tenant.
    pub async fn at(&self, id: CampaignId, name: &str) -> (Step, String) {
        let rows = self.rows(id).await;
        let row = rows.into_iter().find(|row| row.short_name == name).unwrap();
        (row.stage, row.why)
    }

    /// Fill in the form for the tenants of this query and send it.
    pub async fn make(&self, browser: &Browser, query: &str, fields: &[(&str, &str)]) -> Page {
        let form = browser
            .get(&format!("/monitoring/campaigns/new{query}"))
            .await;
        assert_eq!(form.status, 200, "{}", form.text());
        let mut all = FAST.to_vec();
        all.retain(|(name, _)| !fields.iter().any(|(known, _)| known == name));
        all.extend(fields);
        browser.submit(&form, "form.stack", &all).await
    }
}
