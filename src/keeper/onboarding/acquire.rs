//! Acquire what is missing of the resource set with the new grant, by the refresh protocol, and settle where the attempt
//! stands. Called after the sign-in, after consent, and again and again while consent is awaited.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use super::attempt::Attempt;
use super::end::{complete, hold, stand_in};
use super::fail::fail;
use super::settle::{Facts, Got, Settled, settle};
use super::words::{self, refused};
use crate::keeper::core::{Core, Shared};
use crate::keeper::message::Refusal;
use crate::keeper::refresh::{Line, Report, State, Wish, refresh};
use crate::keeper::store::connections::{self, Connection};
use crate::keeper::store::flows::{self, FlowState, Step};
use crate::keeper::trouble::Trouble;

/// Passing trouble while acquiring.
const SOON: Duration = Duration::seconds(5);

/// Go on with an attempt that has its grant. `full`: ask for everything missing; else only see whether consent came.
/// Gives the next look at the flow, if there is to be one.
pub(super) async fn go_on(
    core: &Shared,
    attempt: Attempt,
    full: bool,
) -> Result<Option<OffsetDateTime>, Trouble> {
    let tenant_id = attempt.flow.tenant_id;
    let id = attempt.flow.connection_id.ok_or(Refusal::NotThere)?;
    let wish = if full { Wish::Missing } else { Wish::Probe };
    let mut report = asked(core, &attempt, wish).await?;
    let came = |report: &Report| report.lines.iter().any(|line| line.required && line.valid);
    if !full && report.as_ref().is_some_and(|report| came(report)) {
        report = asked(core, &attempt, Wish::Missing).await?;
    }
    let Some(report) = report else {
        return Ok(Some(core.clock.now() + SOON));
    };
    let connection = connections::load(&core.pool, tenant_id, id).await?;
    let connection = connection
        .filter(|connection| connection.state != State::Revoked)
        .ok_or(Refusal::NotThere)?;
    let current = connections::load_current(&core.pool, tenant_id).await?;
    let by_device_code = connection.public_class;
    let got: Vec<Got> = report
        .lines
        .iter()
        .map(|line| got(line, by_device_code))
        .collect();
    let facts = Facts {
        hold: connection.pending_reason.as_deref() == Some("awaiting_confirmation"),
        has_living: current
            .as_ref()
            .is_some_and(|current| current.id != id && current.state.is_living()),
        is_current: connection.state != State::Pending,
        awaits_approval: attempt.flow.state == FlowState::AwaitingApproval,
    };
    apply(core, &attempt, &connection, settle(&got, facts), &report).await
}

/// Run the protocol; `None` when it has to wait.
async fn asked(
    core: &Shared,
    attempt: &Attempt,
    wish: Wish,
) -> Result<Option<Arc<Report>>, Trouble> {
    let tenant_id = attempt.flow.tenant_id;
    let id = attempt.flow.connection_id.ok_or(Refusal::NotThere)?;
    match refresh(core, tenant_id, id, wish).await {
        Ok(report) if matches!(report.refusal, Some(Refusal::TryLater { .. })) => Ok(None),
        Ok(report) => Ok(Some(report)),
        Err(Trouble::Refused(Refusal::TryLater { .. })) => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

fn got(line: &Line, by_device_code: bool) -> Got {
    Got {
        required: line.required,
        valid: line.valid,
        refused: line
            .failure
            .as_ref()
            .map(|(_, failure, _)| refused(failure, by_device_code)),
    }
}

async fn apply(
    core: &Core,
    attempt: &Attempt,
    connection: &Connection,
    settled: Settled,
    report: &Report,
) -> Result<Option<OffsetDateTime>, Trouble> {
    let now = core.clock.now();
    match settled {
        Settled::Complete => complete(core, attempt, connection, report).await?,
        Settled::Held => hold(core, attempt, connection).await?,
        Settled::Failed(word) => fail(core, attempt, word, None).await?,
        Settled::Again => return Ok(Some(now + SOON)),
        Settled::ConsentNeeded { stand_in: stands } => {
            if stands {
                stand_in(core, attempt, connection).await?;
            }
            return wait(core, attempt, FlowState::ConsentNeeded, report).await;
        }
        Settled::AwaitingApproval { stand_in: stands } => {
            if stands {
                stand_in(core, attempt, connection).await?;
            }
            return wait(core, attempt, FlowState::AwaitingApproval, report).await;
        }
    }
    Ok(None)
}

/// Consent is awaited: the flow lives on as long as its grant may wait, and looks again by itself.
async fn wait(
    core: &Core,
    attempt: &Attempt,
    state: FlowState,
    report: &Report,
) -> Result<Option<OffsetDateTime>, Trouble> {
    let now = core.clock.now();
    let flow = &attempt.flow;
    let next = now + pause(now - flow.created_at);
    let errors = report.lines.iter().filter_map(|line| line.failure.as_ref());
    let error_id = errors
        .filter_map(|(_, _, noted)| noted.as_ref())
        .map(|noted| noted.id)
        .next();
    let life = flow.created_at + core.settings.pending_life;
    let step = Step {
        error_id,
        next_poll_at: Some(next),
        expires_at: Some(life.min(attempt.invitation.expires_at)),
        ..Step::to(state)
    };
    flows::advance(&core.pool, flow.tenant_id, flow.id, &step, now).await?;
    Ok(Some(next))
}

/// Ten seconds while somebody sits in front of the page, then less often.
fn pause(age: Duration) -> Duration {
    match age {
        age if age < Duration::minutes(15) => Duration::seconds(10),
        age if age < Duration::hours(1) => Duration::seconds(30),
        _ => Duration::minutes(2),
    }
}

/// The time is up while consent is still missing.
pub(super) async fn lapse(core: &Core, attempt: &Attempt) -> Result<(), Trouble> {
    fail(core, attempt, words::CODE_LAPSED, None).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_for_consent_grows() {
        let seconds = |minutes| pause(Duration::minutes(minutes)).whole_seconds();
        assert_eq!(
            [0, 14, 15, 59, 60, 600].map(seconds),
            [10, 10, 30, 30, 120, 120]
        );
    }
}
