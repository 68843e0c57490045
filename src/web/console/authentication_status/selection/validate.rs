//! "Validate": the live checks of "Validate Authentication" for every row chosen, several at a time.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use futures_util::{StreamExt, stream};
use tower_sessions::Session;

use super::{Selection, tenants};
use crate::app::App;
use crate::domain::connection::{self, Row, ValidateError};
use crate::web::kit::error::WebResult;
use crate::web::kit::form::Form;
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::viewer::Viewer;

/// Tenants whose checks run at the same time.
const AT_ONCE: usize = 8;

/// How the checks of one tenant ended.
enum Seen {
    Passed,
    /// Its short name.
    Failed(String),
    /// There was nothing to check, or it could not be asked.
    NotChecked(String),
}

/// POST: check them all; each result is recorded with its tenant.
pub async fn validate(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Form(selection): Form<Selection>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let rows = selection.rows(&mut op, &viewer).await?;
    drop(op);
    let seen: Vec<Seen> = stream::iter(rows)
        .map(|row| one(&app, &viewer, row))
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .collect::<WebResult<_>>()?;
    let (tone, text) = words(&seen);
    notice::leave(&session, tone, text).await;
    Ok(Redirect::to(&selection.back()).into_response())
}

async fn one(app: &App, viewer: &Viewer, row: Row) -> WebResult<Seen> {
    let look = viewer.begin(app).await?;
    let (pool, clock, keeper) = (&app.pool, &app.clock, &app.keeper);
    let done = connection::validate(look, pool, clock, keeper, viewer.scope, row.tenant_id).await;
    match done {
        Ok(validation) if validation.passed => Ok(Seen::Passed),
        Ok(_) => Ok(Seen::Failed(row.short_name)),
        Err(ValidateError::Database(error)) => Err(error.into()),
        Err(_) => Ok(Seen::NotChecked(row.short_name)),
    }
}

fn words(seen: &[Seen]) -> (Tone, String) {
    let passed = seen
        .iter()
        .filter(|one| matches!(one, Seen::Passed))
        .count();
    let failed = names(seen.iter().filter_map(|one| match one {
        Seen::Failed(name) => Some(name.as_str()),
        _ => None,
    }));
    let not_checked = names(seen.iter().filter_map(|one| match one {
        Seen::NotChecked(name) => Some(name.as_str()),
        _ => None,
    }));
    let mut text = format!("{} validated.", tenants(passed));
    if !failed.is_empty() {
        text = format!("{text} A check failed for: {failed}.");
    }
    if !not_checked.is_empty() {
        text = format!("{text} Could not be checked: {not_checked}.");
    }
    let tone = match (failed.is_empty(), not_checked.is_empty()) {
        (true, true) => Tone::Ok,
        (true, false) => Tone::Warn,
        (false, _) => Tone::Bad,
    };
    (tone, text)
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notice_names_those_in_trouble() {
        let seen = [
            Seen::Passed,
            Seen::Failed("birch".into()),
            Seen::NotChecked("elm".into()),
            Seen::Failed("alder".into()),
        ];
        let (tone, text) = words(&seen);
        assert_eq!(tone, Tone::Bad);
        assert_eq!(
            text,
            "1 tenant validated. A check failed for: alder, birch. Could not be checked: elm."
        );
    }
}
