//! A portal over a real keeper and a simulated Microsoft, one customer connected; and scripts that call with keys.

use std::net::SocketAddr;

use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tenantry::app::App;
use tenantry::domain::api_key::{self, ApiKey, ApiScope, NewKey, Rule, Tenants, USUAL_LIFE};
use tenantry::domain::op::{Actor, Op};
use tenantry::domain::technician::{self, Role};
use tenantry::keeper::Resource;
use tenantry::storage::{ApiKeyId, TechnicianId, TenantId};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use url::Url;

use crate::support::keeper::{Keeper, World};

/// A portal, its keeper, and the customer `contoso`.
pub struct Stage {
    pub world: World,
    #[expect(dead_code, reason = "it answers as long as the stage stands")]
    keeper: Keeper,
    pub app: App,
    server: AbortHandle,
}

/// Somebody else's script.
#[derive(Clone)]
pub struct Script {
    client: reqwest::Client,
    base: Url,
    pub key: String,
}

/// What a script was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub kind: String,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The stable code of a problem, which is one.
    pub fn code(&self) -> String {
        assert_eq!(self.kind, "application/problem+json", "{self:?}");
        let body = self.json();
        assert_eq!(body["status"], self.status);
        assert!(!body["request_id"].as_str().unwrap().is_empty());
        body["code"].as_str().unwrap().to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

impl Script {
    pub fn new(base: &Url, key: &str) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a script of somebody else's")]
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            client,
            base: base.clone(),
            key: key.to_owned(),
        }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = self.base.join(path).unwrap();
        self.client.request(method, url).bearer_auth(&self.key)
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let headers = response.headers().clone();
        Answer {
            status: response.status().as_u16(),
            kind: headers
                .get("content-type")
                .map_or(String::new(), |kind| kind.to_str().unwrap().to_owned()),
            headers,
            text: response.text().await.unwrap(),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Ask for an access token of this tenant.
    pub async fn token(&self, tenant: &str, resource: &str) -> Answer {
        let path = format!("/api/v1/tenants/{tenant}/access-tokens");
        self.post(&path, &serde_json::json!({ "resource": resource }))
            .await
    }
}

/// A rule that reaches everything.
pub fn everything(name: &str) -> Rule {
    Rule {
        name: name.into(),
        scopes: ApiScope::ALL.to_vec(),
        tenants: Tenants::All,
        resources: Resource::ALL.to_vec(),
        networks: Vec::new(),
        calls_per_minute: None,
        hand_outs_per_minute: None,
        new_tenants: None,
    }
}

impl Stage {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut App)) -> Self {
        let world = World::new().await;
        let keeper = world.keeper().await;
        world.onboard(&keeper).await;
        Self::over(world, keeper, change).await
    }

    pub async fn over(world: World, keeper: Keeper, change: impl FnOnce(&mut App)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let base_url = Url::parse(&format!("http://{address}")).unwrap();
        let (clock, client) = (world.clock.clone(), keeper.client.clone());
        let mut app = App::rehearsal(world.db.web(), clock, client, base_url);
        change(&mut app);
        let service =
            tenantry::web::router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move { axum::serve(listener, service).await });
        Self {
            world,
            keeper,
            app,
            server: server.abort_handle(),
        }
    }

    pub async fn technician(&self, role: Role) -> TechnicianId {
        let id = TechnicianId::new();
        sqlx::query(
            "insert into technicians (id, email, display_name, role, created_at) values ($1, $2, 'Robin Marlow', $3, now())",
        )
        .bind(id)
        .bind(format!("{role}-{id}@msp.example"))
        .bind(role.as_str())
        .execute(&self.world.pool)
        .await
        .unwrap();
        id
    }

    pub async fn op(&self) -> Op {
        Op::begin(&self.app.pool, &self.app.clock, Actor::Command("test"))
            .await
            .unwrap()
    }

    /// A key of this technician's, and a script that has it.
    pub async fn key_of(&self, owner: TechnicianId, rule: Rule) -> (ApiKeyId, Script) {
        let mut op = self.op().await;
        let owner = technician::find(&mut op, owner).await.unwrap().unwrap();
        let new = NewKey {
            rule,
            life: USUAL_LIFE,
        };
        let (id, secret) = api_key::create(&mut op, &owner, &new).await.unwrap();
        op.commit().await.unwrap();
        (id, Script::new(&self.app.site.base_url, secret.expose()))
    }

    /// The same of a new owner of the installation.
    pub async fn key(&self, rule: Rule) -> (ApiKeyId, Script) {
        let owner = self.technician(Role::Owner).await;
        self.key_of(owner, rule).await
    }

    pub async fn stored(&self, id: ApiKeyId) -> ApiKey {
        let mut op = self.op().await;
        api_key::find(&mut op, None, id).await.unwrap().unwrap()
    }

    pub fn tenant(&self) -> TenantId {
        self.world.tenant.into()
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        self.world.number(sql).await
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.server.abort();
    }
}
