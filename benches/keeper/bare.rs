//! The baseline: a loop that posts once and updates one row in one statement. It claims nothing, seals nothing, checks
//! nothing and remembers nothing else.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use sqlx::Row;
use sqlx::postgres::PgPoolOptions;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::RESOURCES;
use crate::measured::{Watch, told};
use crate::world::client;

/// Database connections, as the keeper has them.
const POOL: u32 = 12;

pub async fn child() {
    let told = told();
    let text = |name: &str| told[name].as_str().unwrap().to_owned();
    let pool = PgPoolOptions::new()
        .max_connections(POOL)
        .connect(&text("owner_url"))
        .await
        .unwrap();
    let rows =
        sqlx::query("select id, entra_tenant_id, refresh_token from bare_tokens order by id")
            .fetch_all(&pool)
            .await
            .unwrap();
    let grants: Vec<(i64, Uuid, String)> = rows
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect();
    let grants = Arc::new(grants);
    let http = client(Path::new(&text("ca")));
    let total = grants.len() as u64 * u64::from(RESOURCES);
    let next = Arc::new(AtomicU64::new(0));
    let (authority, client_id) = (text("authority"), text("client_id"));
    let watch = Watch::start();
    let workers: Vec<_> = (0..told["in_flight"].as_u64().unwrap())
        .map(|_| {
            let (grants, next, http, pool) = (
                Arc::clone(&grants),
                Arc::clone(&next),
                http.clone(),
                pool.clone(),
            );
            let (authority, client_id) = (authority.clone(), client_id.clone());
            tokio::spawn(async move {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= total {
                        return;
                    }
                    let (id, tenant, token) = &grants[usize::try_from(at).unwrap() % grants.len()];
                    let body = post(&http, &authority, &client_id, *tenant, token).await;
                    store(&pool, *id, &body).await;
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    watch.stop(total);
}

async fn post(
    http: &reqwest::Client,
    authority: &str,
    client_id: &str,
    tenant: Uuid,
    token: &str,
) -> Value {
    let form = [
        ("client_id", client_id),
        ("grant_type", "refresh_token"),
        (
            "scope",
            "https://graph.microsoft.com/.default offline_access openid profile",
        ),
        ("refresh_token", token),
    ];
    let url = format!("{authority}/{tenant}/oauth2/v2.0/token");
    let response = http.post(url).form(&form).send().await.unwrap();
    assert!(response.status().is_success(), "{}", response.status());
    response.json().await.unwrap()
}

async fn store(pool: &sqlx::PgPool, id: i64, body: &Value) {
    #[expect(
        clippy::disallowed_methods,
        reason = "the baseline has no clock of its own"
    )]
    let expires_at =
        OffsetDateTime::now_utc() + Duration::seconds(body["expires_in"].as_i64().unwrap());
    sqlx::query("update bare_tokens set refresh_token = $2, access_token = $3, expires_at = $4 where id = $1")
        .bind(id)
        .bind(body["refresh_token"].as_str().unwrap())
        .bind(body["access_token"].as_str().unwrap())
        .bind(expires_at)
        .execute(pool)
        .await
        .unwrap();
}
