//! What the key itself may.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use time::format_description::well_known::Rfc3339;

use super::{Api, ApiResult, Endpoint, KeyHolder};
use crate::app::App;
use crate::domain::api_key::{self, ApiScope};

/// The key that this call was made with.
#[derive(Debug, Serialize, JsonSchema)]
struct KeyView {
    id: uuid::Uuid,
    /// The eight characters after `pk_`.
    public_id: String,
    name: String,
    /// Whose key it is.
    owner: String,
    /// What it may do at this moment: its scopes without those that its owner's role does not allow.
    scopes: Vec<&'static str>,
    /// Of which resources it is handed access tokens.
    resources: Vec<&'static str>,
    /// How many tenants it reaches.
    tenants: i64,
    /// When it stops working (RFC 3339).
    expires_at: String,
}

pub(super) fn endpoints() -> Api {
    Api::new().on(
        Endpoint::get("/api/v1/key", ApiScope::TenantsRead)
            .for_any_key()
            .named("get_key", "Key", "What this key may do")
            .gives::<KeyView>(),
        show,
    )
}

async fn show(State(app): State<App>, holder: KeyHolder) -> ApiResult<Json<KeyView>> {
    let key = &holder.key;
    let mut op = holder.begin(&app).await?;
    let tenants = api_key::reach(&mut op, key).await?;
    let scopes = key.rule.scopes.iter().filter(|scope| key.may(**scope));
    Ok(Json(KeyView {
        id: key.id.as_uuid(),
        public_id: key.public_id.clone(),
        name: key.rule.name.clone(),
        owner: key.owner.email.clone(),
        scopes: scopes.map(|scope| scope.as_str()).collect(),
        resources: key.rule.resources.iter().map(|one| one.as_str()).collect(),
        tenants,
        expires_at: key.expires_at.format(&Rfc3339).unwrap_or_default(),
    }))
}
