//! Signing in with both factors as a person does, and the codes that an authenticator app shows.

use std::time::Duration;

use sqlx::PgPool;
use tenantry::clock::Clock;
use tenantry::domain::op::{Actor, Op};
use tenantry::domain::technician::factor::{
    self, FactorKind, Prover, RecoveryCode, Setup, begin_app, confirm_app,
};
use tenantry::domain::technician::{LoginName, Technician, find_by_login_name};
use tenantry::keeper::totp::{STEP_S, code_at};

use super::app::TestApp;
use super::browser::Browser;
use super::page::Page;

/// Somebody's authenticator app.
pub struct Phone {
    pub seed: String,
}

impl Phone {
    /// What it showed so many steps ago.
    pub fn code(&self, steps_ago: i64) -> String {
        let at = Clock::system().wall() - time::Duration::seconds(steps_ago * STEP_S);
        code_at(&self.seed, at).unwrap()
    }
}

/// Wait, so that for a while the codes of now stay those of now.
pub async fn early_in_a_step() {
    let second = Clock::system().wall().unix_timestamp().rem_euclid(STEP_S);
    if second > STEP_S - 12 {
        let rest = u64::try_from(STEP_S - second).unwrap();
        tokio::time::sleep(Duration::from_secs(rest)).await;
    }
}

impl TestApp {
    /// The technician of this name.
    pub async fn find(&self, email: &str) -> Technician {
        let name = LoginName::parse(email).unwrap();
        let mut op = Op::begin(&self.app.pool, &self.clock, Actor::Command("test"))
            .await
            .unwrap();
        let found = find_by_login_name(&mut op, &name).await.unwrap();
        found.expect("a technician of this name")
    }

    /// Give somebody an authenticator app, set up by the code of the step before, and ten recovery codes that they keep.
    pub async fn phone_of(&self, email: &str) -> (Phone, Vec<RecoveryCode>) {
        let phone = self.add_phone(email, false).await;
        let codes = self.codes_of(&self.find(email).await).await;
        (phone, codes)
    }

    /// The same for somebody who has another factor and recovery codes.
    pub async fn phone_of_existing(&self, email: &str) -> Phone {
        self.add_phone(email, true).await
    }

    async fn add_phone(&self, email: &str, has_proved: bool) -> Phone {
        let technician = self.find(email).await;
        let by = Prover {
            pool: &self.app.pool,
            clock: &self.clock,
            keeper: &self.app.keeper,
            ip: "",
            request_id: "",
        };
        let (setup, ciphertext) = Setup::make(by.keeper, technician.id).await.unwrap();
        let mut op = by.begin(&technician).await.unwrap();
        let made = (setup.factor_id, ciphertext);
        begin_app(&mut op, technician.id, made).await.unwrap();
        op.commit().await.unwrap();
        let phone = Phone {
            seed: setup.seed().to_owned(),
        };
        confirm_app(&by, &technician, &phone.code(1), has_proved)
            .await
            .unwrap();
        phone
    }

    /// Ten recovery codes that somebody keeps.
    pub async fn codes_of(&self, technician: &Technician) -> Vec<RecoveryCode> {
        let mut op = Op::begin(&self.app.pool, &self.clock, Actor::Command("test"))
            .await
            .unwrap();
        let codes = factor::make_codes(&mut op, technician.id).await.unwrap();
        factor::keep_codes(&mut op, technician.id).await.unwrap();
        op.commit().await.unwrap();
        codes
    }

    /// The password alone: halfway to a login.
    pub async fn halfway(&self, email: &str, password: &str) -> Browser {
        let browser = self.browser();
        let page = browser
            .post("/login", &[("email", email), ("password", password)])
            .await;
        assert_eq!(
            page.location.as_deref(),
            Some("/login/factor"),
            "{}",
            page.text()
        );
        browser
    }

    /// Whoever is signed in has proved the second factor just now.
    pub async fn everybody_proves_again(&self) {
        sqlx::query("update login_sessions set factor_at = $1 where stage = 'full'")
            .bind(self.clock.now())
            .execute(&self.pool)
            .await
            .unwrap();
    }

    /// Forget every code that was accepted, so that the one of now is good once more.
    pub async fn next_step(&self) {
        forget_steps(&self.pool).await;
    }

    /// Let the browser, in which a password was just accepted, go on with a factor that nobody has to type: as a login whose
    /// second factor was proved. Where it leads.
    pub async fn with_second_factor(&self, browser: &Browser, email: &str) -> Page {
        let (phone, _) = self.phone_of(email).await;
        browser
            .post("/login/factor", &[("code", &phone.code(0))])
            .await
    }
}

async fn forget_steps(pool: &PgPool) {
    sqlx::query("update technician_factors set last_step = 0")
        .execute(pool)
        .await
        .unwrap();
}

/// How often each kind was proved or refused, as the audit log has it.
pub async fn proofs(app: &TestApp, kind: FactorKind, result: &str) -> i64 {
    sqlx::query_scalar(
        "select count(*) from audit_events where action = 'technician.factor_proved' and result = $2
           and details ->> 'factor' = $1",
    )
    .bind(kind.as_str())
    .bind(result)
    .fetch_one(&app.pool)
    .await
    .unwrap()
}
