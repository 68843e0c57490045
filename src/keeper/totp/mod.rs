//! Authenticator apps: seeds are made, sealed, opened and compared with codes here; what a right code is worth is the
//! portal's to say.

mod code;

use secrecy::ExposeSecret;

use super::core::Core;
use super::message::Refusal;
use super::message::totp::{Answer, Ask};
use super::seal::Purpose;
use super::store::factors::{self, Factor};
use super::text::Text;
use super::trouble::Trouble;

pub use code::{STEP_S, code_at, new_seed, step_of};

pub(super) async fn answer(core: &Core, ask: Ask) -> Result<Answer, Trouble> {
    match ask {
        Ask::Make {
            technician_id,
            factor_id,
        } => {
            let seed = new_seed();
            let row_id = factors::row_id(technician_id, factor_id);
            let place = factors::place(&row_id);
            let ciphertext = core
                .vault
                .seal(Purpose::Factor, &place, seed.expose().as_bytes())
                .await?;
            Ok(Answer::Made { ciphertext, seed })
        }
        Ask::Show {
            technician_id,
            factor_id,
        } => {
            let found = factors::find(&core.pool, technician_id, factor_id).await?;
            let factor = found.filter(|factor| !factor.is_confirmed);
            let seed = open(core, &factor.ok_or(Refusal::NotThere)?).await?;
            Ok(Answer::Seed { seed })
        }
        Ask::Check {
            technician_id,
            factor_id,
            code,
        } => {
            let found = factors::find(&core.pool, technician_id, factor_id).await?;
            let factor = found.ok_or(Refusal::NotThere)?;
            let is_right = check(core, &factor, code.expose()).await?;
            Ok(Answer::Checked { is_right })
        }
    }
}

async fn open(core: &Core, factor: &Factor) -> Result<Text, Trouble> {
    let row_id = factors::row_id(factor.technician_id, factor.id);
    let place = factors::place(&row_id);
    let seed = core
        .vault
        .open_text(Purpose::Factor, &place, &factor.seed_ct)
        .await?;
    Ok(Text::new(seed.expose_secret()))
}

/// Phones show codes by the clock on the wall, wherever the demo's clock stands.
async fn check(core: &Core, factor: &Factor, code: &str) -> Result<bool, Trouble> {
    let seed = open(core, factor).await?;
    let Some(step) = step_of(seed.expose(), code, core.clock.wall()) else {
        return Ok(false);
    };
    Ok(factors::accept(&core.pool, factor, step, core.clock.now()).await?)
}
