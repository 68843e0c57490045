//! `tenantry openapi`: the `OpenAPI` document of the API.

use std::io::{Write as _, stdout};

use super::Global;
use crate::web::api::openapi::document;

/// Nothing to choose.
#[derive(Debug, clap::Args)]
pub struct Args {}

impl Args {
    #[expect(clippy::unused_async, reason = "every command has the same shape")]
    pub async fn run(self, _: &Global) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(document())?;
        writeln!(stdout().lock(), "{text}")?;
        Ok(())
    }
}
