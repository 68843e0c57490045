//! A tenant with two required resources and an optional one.

use sqlx::PgPool;
use tenantry::storage::TenantId;

/// Add one: `contoso` becomes "contoso Ltd" with the domain `contoso.example`.
pub async fn add(pool: &PgPool, short_name: &str) -> TenantId {
    let id = TenantId::new();
    let mut tx = pool.begin().await.unwrap();
    // The portal's own login reaches no tenant without.
    sqlx::query("select set_config('app.scope', 'all', true)")
        .execute(&mut *tx)
        .await
        .unwrap();
    sqlx::query(
        "with t as (insert into tenants (id, short_name, full_name, domain, state_since, created_at, updated_at)
           values ($1, $2, $2 || ' Ltd', $2 || '.example', now(), now(), now()))
         insert into tenant_resources (tenant_id, resource, required)
         values ($1, 'graph', true), ($1, 'exchange', true), ($1, 'azure', false)",
    )
    .bind(id.as_uuid())
    .bind(short_name)
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    id
}
