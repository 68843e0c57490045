//! The demo's login has an authenticator app whose seed is printed with the password: set up as a person does it, by the first
//! code, before the first visitor comes.

use anyhow::{Context, bail};

use super::remembered::Remembered;
use super::world;
use crate::app::App;
use crate::domain::op::{Actor, Op};
use crate::domain::technician::factor::{self, FactorKind, Prover, Setup, begin_app, confirm_app};
use crate::domain::technician::{LoginName, find_by_login_name};
use crate::keeper::totp;

/// Set it up, unless an earlier run has.
pub async fn preset(app: &App, remembered: &mut Remembered) -> anyhow::Result<()> {
    let (email, _) = world::TECHNICIAN;
    let name = LoginName::parse(email)?;
    let mut op = Op::begin(&app.pool, &app.clock, Actor::Command("demo")).await?;
    let technician = find_by_login_name(&mut op, &name).await?;
    drop(op);
    let technician =
        technician.context("the demo's technician is gone; start over with --fresh")?;
    let enrolled = factor::enrolled(&app.pool, technician.id).await?;
    if enrolled.has(FactorKind::Totp) || enrolled.has(FactorKind::Passkey) {
        return Ok(());
    }
    let by = Prover {
        pool: &app.pool,
        clock: &app.clock,
        keeper: &app.keeper,
        ip: "",
        request_id: "",
    };
    let (setup, ciphertext) = Setup::make(&app.keeper, technician.id).await?;
    let mut op = by.begin(&technician).await?;
    begin_app(&mut op, technician.id, (setup.factor_id, ciphertext)).await?;
    op.commit().await?;
    // A code of the step before, so that the first visitor need not wait for the next one.
    let before = app.clock.wall() - time::Duration::seconds(totp::STEP_S);
    let Some(code) = totp::code_at(setup.seed(), before) else {
        bail!("the seed is none");
    };
    confirm_app(&by, &technician, &code, false).await?;
    let mut op = by.begin(&technician).await?;
    factor::make_codes(&mut op, technician.id).await?;
    factor::keep_codes(&mut op, technician.id).await?;
    op.commit().await?;
    remembered.totp_secret = Some(setup.seed().to_owned());
    remembered.save()
}

/// As apps take it, for whoever makes a picture of it.
pub fn address(seed: &str) -> String {
    let (email, _) = world::TECHNICIAN;
    format!("otpauth://totp/Tenantry%20demo:{email}?secret={seed}&issuer=Tenantry%20demo")
}
