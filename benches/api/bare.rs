//! The baseline: a sealed token by its number, opened and given to whoever asks.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use axum::extract::{Path, State};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::net::TcpListener;

use crate::world::World;

fn key() -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, &[7; 32]).unwrap())
}

/// As many tokens as the product has, as long as its own.
pub async fn fill(world: &World, count: usize, length: usize) {
    sqlx::raw_sql("create table bare_sealed (id bigint primary key, ct bytea not null)")
        .execute(&world.pool)
        .await
        .unwrap();
    for n in 0..count {
        let mut sealed = vec![b'x'; length];
        key()
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key([0; 12]),
                Aad::empty(),
                &mut sealed,
            )
            .unwrap();
        sqlx::query("insert into bare_sealed values ($1, $2)")
            .bind(i64::try_from(n).unwrap())
            .bind(sealed)
            .execute(&world.pool)
            .await
            .unwrap();
    }
    sqlx::raw_sql("grant select on bare_sealed to public; analyze bare_sealed")
        .execute(&world.pool)
        .await
        .unwrap();
}

type Shared = (PgPool, Arc<LessSafeKey>);

async fn token(State((pool, key)): State<Shared>, Path(id): Path<i64>) -> Json<Value> {
    let mut ct: Vec<u8> = sqlx::query_scalar("select ct from bare_sealed where id = $1")
        .bind(id)
        .fetch_one(&pool)
        .await
        .unwrap();
    let plain = key
        .open_in_place(Nonce::assume_unique_for_key([0; 12]), Aad::empty(), &mut ct)
        .unwrap();
    Json(json!({ "access_token": std::str::from_utf8(plain).unwrap() }))
}

/// In the child.
pub async fn child(told: &Value) {
    let pool = PgPoolOptions::new()
        .max_connections(16)
        .connect(told["keeper_url"].as_str().unwrap())
        .await
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/token/{id}", post(token))
        .with_state((pool, Arc::new(key())));
    axum::serve(listener, router).await.unwrap();
}
