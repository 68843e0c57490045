//! Tenants as a file that an import takes again, piece by piece.

use serde_json::json;

use super::import::{Column, Format, TOLD};
use super::list::Filter;
use super::{Tenant, store};
use crate::domain::audit::Entry;
use crate::domain::cells;
use crate::domain::op::{Op, Scope};

/// Tenants in a piece.
const PIECE: i64 = 500;

/// Where an export is.
#[derive(Clone, Debug)]
pub struct Export {
    filter: Filter,
    format: Format,
    /// The last short name sent; empty before the first.
    after: String,
    begun: bool,
    done: bool,
}

/// Begin to export what the filter lets through: the audit log says so before a byte is sent.
pub async fn export(op: &mut Op, filter: Filter, format: Format) -> Result<Export, sqlx::Error> {
    Entry::new("tenants.exported")
        .detail("format", format.as_str())
        .detail("tags", filter.tag.clone())
        .detail("q", filter.search.as_str())
        .detail("state", filter.shown.as_str())
        .write(op)
        .await?;
    Ok(Export {
        filter,
        format,
        after: String::new(),
        begun: false,
        done: false,
    })
}

impl Export {
    /// The next piece of the file; none after the last.
    pub async fn next(&mut self, op: &mut Op, scope: Scope) -> Result<Option<String>, sqlx::Error> {
        if self.done {
            return Ok(None);
        }
        let tenants = store::import::whole(op, scope, &self.filter, &self.after, PIECE).await?;
        self.done = i64::try_from(tenants.len()).is_ok_and(|read| read < PIECE);
        if let Some(last) = tenants.last() {
            last.short_name.as_str().clone_into(&mut self.after);
        }
        Ok(Some(self.piece(&tenants)))
    }

    fn piece(&mut self, tenants: &[Tenant]) -> String {
        let first = !std::mem::replace(&mut self.begun, true);
        let mut text = String::new();
        match self.format {
            Format::Csv => {
                if first {
                    text.push_str(&cells::line(
                        Column::ALL.map(Column::as_str).into_iter().chain(TOLD),
                    ));
                }
                text.extend(tenants.iter().map(csv_of));
            }
            Format::Json => {
                for (n, tenant) in tenants.iter().enumerate() {
                    text.push_str(if first && n == 0 { "[\n" } else { ",\n" });
                    text.push_str(&json_of(tenant).to_string());
                }
                if self.done {
                    text.push_str(if first && tenants.is_empty() {
                        "[]\n"
                    } else {
                        "\n]\n"
                    });
                }
            }
        }
        text
    }
}

/// Resource words of a tenant, required or optional.
fn set(tenant: &Tenant, required: bool) -> Vec<&'static str> {
    let entries = tenant.resources.iter();
    entries
        .filter(|entry| entry.required == required)
        .map(|entry| entry.resource.as_str())
        .collect()
}

fn csv_of(tenant: &Tenant) -> String {
    let entra = tenant.entra_tenant_id.map(|id| id.to_string());
    cells::line([
        tenant.short_name.as_str(),
        &tenant.full_name,
        &tenant.domain,
        &tenant.invitation_email,
        &tenant.admin_username,
        &tenant.tags.join(" "),
        &set(tenant, true).join(" "),
        &set(tenant, false).join(" "),
        tenant.state.as_str(),
        &entra.unwrap_or_default(),
    ])
}

fn json_of(tenant: &Tenant) -> serde_json::Value {
    json!({
        "short_name": tenant.short_name.as_str(),
        "full_name": tenant.full_name,
        "domain": tenant.domain,
        "invitation_email": tenant.invitation_email,
        "admin_username": tenant.admin_username,
        "tags": tenant.tags,
        "required_resources": set(tenant, true),
        "optional_resources": set(tenant, false),
        "state": tenant.state.as_str(),
        "entra_tenant_id": tenant.entra_tenant_id,
    })
}
