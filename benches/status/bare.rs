//! The baseline: Axum, sqlx and askama over the same fifty rows, without session, scope, counts, charts or headers.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use sqlx::postgres::PgPoolOptions;
use sqlx::{FromRow, PgPool};
use time::OffsetDateTime;
use tokio::net::TcpListener;

#[derive(FromRow)]
struct Row {
    short_name: String,
    full_name: String,
    admin: String,
    mode: Option<String>,
    state: String,
    cause: Option<String>,
    since: OffsetDateTime,
    tokens_valid: i32,
    tokens_total: i32,
    expires_at: Option<OffsetDateTime>,
    last_ok_at: Option<OffsetDateTime>,
    last_error_code: Option<i32>,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html><html lang="en"><head><title>Bare</title></head><body><table><tbody>{% for row in rows %}
  <tr>
    <td><span><a href="/tenants/{{ row.short_name }}">{{ row.short_name }}</a><span class="sub">{{ row.full_name }}</span></span></td>
    <td><span>{{ row.admin }}<span class="sub">{% if let Some(mode) = row.mode %}{{ mode }}{% endif %}</span></span></td>
    <td><span class="badge badge-{{ row.state }}">{{ row.state }}</span>{% if let Some(cause) = row.cause %}<span class="sub">{{ cause }}</span>{% endif %}</td>
    <td><time datetime="{{ row.since }}">{{ row.since }}</time></td>
    <td>{{ row.tokens_valid }} of {{ row.tokens_total }}</td>
    <td>{% if let Some(at) = row.expires_at %}<time datetime="{{ at }}">{{ at }}</time>{% endif %}</td>
    <td>{% if let Some(at) = row.last_ok_at %}<time datetime="{{ at }}">{{ at }}</time>{% endif %}{% if let Some(code) = row.last_error_code %}<span class="sub">Last error {{ code }}</span>{% endif %}</td>
    <td><a class="button small" href="/tenants/{{ row.short_name }}/invitations/new">Renew</a><a class="button small" href="/tenants/{{ row.short_name }}">SysAdmin</a></td>
  </tr>{% endfor %}
</tbody></table></body></html>"#
)]
struct Page {
    rows: Vec<Row>,
}

async fn page(State(pool): State<PgPool>) -> Html<String> {
    let rows = sqlx::query_as(
        "select k.short_name, k.full_name, k.admin, k.mode, k.state, k.cause, k.since, k.tokens_valid, k.tokens_total,
           c.expires_at, c.last_ok_at, k.last_error_code
         from tenant_status k left join connections c on c.tenant_id = k.tenant_id and c.id = k.connection_id
         where k.state <> 'archived' order by k.urgency, k.short_name limit 50",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    Html(Page { rows }.render().unwrap())
}

/// In the child.
pub async fn child(url: &str) {
    let pool = PgPoolOptions::new()
        .max_connections(16)
        .connect(url)
        .await
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/security/authentication-status", get(page))
        .with_state(pool);
    axum::serve(listener, router).await.unwrap();
}
