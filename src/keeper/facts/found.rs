//! What a look has brought so far, on its way into `tenant_facts`.

use serde::Serialize;
use time::OffsetDateTime;

use crate::domain::diagnosis::Application;
use crate::entra::Exchange;
use crate::keeper::core::Core;
use crate::keeper::store::connections::Connection;
use crate::keeper::store::records::{self, Subject};

/// Facts as rows: name, value, and when it was seen.
#[derive(Default)]
pub(super) struct Found {
    pub rows: Vec<(&'static str, serde_json::Value, OffsetDateTime)>,
}

impl Found {
    /// Keep a fact; a later one of the same name replaces it.
    pub fn put(&mut self, fact: &'static str, value: &impl Serialize, at: OffsetDateTime) {
        // Plain structures of texts and numbers always become JSON.
        if let Ok(value) = serde_json::to_value(value) {
            self.rows.retain(|row| row.0 != fact);
            self.rows.push((fact, value, at));
        }
    }

    pub fn application(&mut self, state: Application, at: OffsetDateTime) {
        self.put("application", &state, at);
    }

    /// Record the call. What a look may not see is no error of the tenant's: nothing is put among its errors.
    pub async fn note<T>(
        &self,
        core: &Core,
        connection: &Connection,
        exchange: &Exchange<T>,
    ) -> sqlx::Result<()> {
        let subject = Subject {
            tenant_id: connection.tenant_id,
            connection_id: Some(connection.id),
            flow_id: None,
            resource: None,
        };
        let outcome = match &exchange.outcome {
            Ok(_) => "ok",
            Err(failure) => failure.meaning.as_str(),
        };
        records::insert_call(&core.pool, &subject, &exchange.call, outcome, None).await
    }
}
