//! The stored access token of a resource, opened to be read and not to be given away.

use super::claims;
use crate::keeper::core::Core;
use crate::keeper::message::look::Token;
use crate::keeper::message::{Actor, Refusal};
use crate::keeper::resource::Resource;
use crate::keeper::seal::Purpose;
use crate::keeper::store::{audit, connections, tokens};
use crate::keeper::trouble::Trouble;
use crate::storage::TenantId;

/// What it says. The look is committed to the audit log before the answer leaves.
pub(super) async fn look(
    core: &Core,
    tenant_id: TenantId,
    resource: &str,
    actor: &Actor,
) -> Result<Token, Trouble> {
    let resource: Resource = resource.parse().map_err(|_| Refusal::NotThere)?;
    let connection = connections::load_current(&core.pool, tenant_id).await?;
    let id = connection.ok_or(Refusal::NotThere)?.id;
    let found = tokens::valid(&core.pool, tenant_id, id, resource).await?;
    let found = found.ok_or(Refusal::NotThere)?;
    let entry = audit::Entry {
        tenant_id: Some(tenant_id),
        actor,
        action: "token.claims_shown",
        object_type: "connection",
        object_id: id.to_string(),
        result: "done",
        details: serde_json::json!({ "resource": resource.as_str() }),
    };
    audit::insert(&core.pool, entry, core.clock.now()).await?;
    let row_id = tokens::row_id(id, resource);
    let place = tokens::place(tenant_id, &row_id, found.acquired_at);
    let token = core
        .vault
        .open_text(Purpose::AccessToken, &place, &found.ct)
        .await?;
    Ok(Token {
        acquired_at: found.acquired_at,
        expires_at: found.expires_at,
        parts: claims::read(&token),
    })
}
