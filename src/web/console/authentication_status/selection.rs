//! What is done with several rows at once: "Send invitations", "Validate", "Snooze". The first and the last ask once more on a
//! page of their own, where everybody concerned is named.

mod send;
mod snooze;
mod validate;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use url::form_urlencoded;

use crate::domain::connection::{self, Row};
use crate::domain::op::Op;
use crate::storage::TenantId;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::paging::MAX_SIZE;
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

pub use send::{ask as ask_to_send, send};
#[cfg(feature = "faults")]
pub use snooze::SnoozeForm;
pub use snooze::{ask as ask_to_snooze, snooze, wake};
pub use validate::validate;

const NOBODY: &str = "Nothing was chosen. Go back and tick the rows that are meant.";

/// The rows that were ticked, and the list they were ticked on.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Selection {
    pub tenant: Vec<TenantId>,
    /// The list's query, to go back there.
    pub back: String,
}

impl Selection {
    /// The list they were ticked on. What was sent is taken apart and put together again, so that it is a query and nothing
    /// else.
    pub fn back(&self) -> String {
        let query: String = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form_urlencoded::parse(self.back.as_bytes()))
            .finish();
        if query.is_empty() {
            paths::AUTHENTICATION_STATUS.to_owned()
        } else {
            format!("{}?{query}", paths::AUTHENTICATION_STATUS)
        }
    }

    /// How many were chosen beside the `found` ones.
    pub fn missing(&self, found: usize) -> usize {
        let chosen: BTreeSet<TenantId> = self.tenant.iter().copied().collect();
        chosen.len().saturating_sub(found)
    }

    /// The tenants that this viewer may see, by short name.
    pub async fn rows(&self, op: &mut Op, viewer: &Viewer) -> WebResult<Vec<Row>> {
        if self.tenant.is_empty() {
            return Err(WebError::BadRequest(NOBODY));
        }
        if i64::try_from(self.tenant.len()).is_ok_and(|n| n > MAX_SIZE) {
            return Err(WebError::BadRequest(
                "Too many rows were chosen. Take them page by page.",
            ));
        }
        let rows = connection::several(op, viewer.scope, &self.tenant).await?;
        if rows.is_empty() {
            return Err(WebError::NotFound);
        }
        let by_name: BTreeMap<String, Row> = rows
            .into_values()
            .map(|row| (row.short_name.clone(), row))
            .collect();
        Ok(by_name.into_values().collect())
    }
}

/// `1 tenant`, `3 tenants`
fn tenants(n: usize) -> String {
    match n {
        1 => "1 tenant".to_owned(),
        n => format!("{n} tenants"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_is_a_query_and_nothing_else() {
        let back = |query: &str| {
            let selection = Selection {
                back: query.into(),
                ..Selection::default()
            };
            selection.back()
        };
        assert_eq!(back(""), "/security/authentication-status");
        assert_eq!(
            back("q=a%26b&state=expired"),
            "/security/authentication-status?q=a%26b&state=expired"
        );
        assert_eq!(
            back("//evil.example\r\nx: y"),
            "/security/authentication-status?%2F%2Fevil.example%0D%0Ax%3A+y="
        );
    }
}
