//! A running simulator with one tenant, its people and one application, and a client that speaks to it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde_json::{Value, json};
use tenantry::clock::Clock;
use tenantry::simulator::directory::{
    App, ClientSecret, Mode, NewTenant, NewUser, RequiredAccess, Resource, required_access,
};
use tenantry::simulator::{Directory, Options, Simulator, start};
use uuid::Uuid;

pub const ADMIN: &str = "admin@contoso.example";
pub const USER: &str = "user@contoso.example";
pub const SECRET: &str = "the-secret-of-the-tests";
pub const REDIRECT: &str = "http://localhost:8080/onboarding/return";
pub const GRAPH: &str = "https://graph.microsoft.com/.default openid profile offline_access";

/// One simulator for one test.
pub struct World {
    pub simulator: Simulator,
    pub http: reqwest::Client,
    pub tenant: Uuid,
    pub client: Uuid,
    pub clock: Clock,
}

/// A status and a JSON body.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Value,
}

impl Reply {
    /// A text field of the body, or nothing.
    pub fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_default()
    }

    /// The last error code.
    pub fn code(&self) -> u64 {
        let codes = self.body["error_codes"].as_array();
        codes
            .and_then(|c| c.last())
            .and_then(Value::as_u64)
            .unwrap_or_default()
    }

    /// Status, error, suberror and number in one value to compare with.
    pub fn refusal(&self) -> (u16, &str, &str, u64) {
        (
            self.status,
            self.text("error"),
            self.text("suberror"),
            self.code(),
        )
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with_mode(Mode::Entra).await
    }

    pub async fn with_mode(mode: Mode) -> Self {
        let clock = Clock::system();
        let simulator = start(options(clock.clone(), mode)).await.unwrap();
        let directory = simulator.directory();
        let tenant = directory
            .add_tenant(NewTenant {
                domains: vec!["contoso.example".to_owned()],
                premium: true,
                ..NewTenant::named("Contoso", "contoso.onmicrosoft.example")
            })
            .unwrap();
        directory
            .add_user(NewUser::admin(ADMIN, "Contoso Administrator"))
            .unwrap();
        directory
            .add_user(NewUser::plain(USER, "Contoso User"))
            .unwrap();
        let client = directory.put_app(app(required_access()));
        Self {
            http: http(),
            simulator,
            tenant,
            client,
            clock,
        }
    }

    pub fn directory(&self) -> &Directory {
        self.simulator.directory()
    }

    pub fn url(&self, path: &str) -> String {
        self.simulator.url().join(path).unwrap().to_string()
    }

    /// POST a form and read the JSON answer.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        reply(self.http.post(self.url(path)).form(form)).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        reply(self.http.get(self.url(path))).await
    }

    /// GET `path` of Graph version 1.0 with an access token.
    pub async fn graph(&self, path: &str, access_token: &str) -> Reply {
        let url = self.url(&format!("v1.0/{path}"));
        let request = self.http.get(url).bearer_auth(access_token);
        reply(request.header("ConsistencyLevel", "eventual")).await
    }

    /// POST JSON to the control interface, which must agree.
    pub async fn control(&self, path: &str, body: Value) -> Reply {
        let path = format!("control/api/{path}");
        let reply = reply(self.http.post(self.url(&path)).json(&body)).await;
        assert!(reply.status < 300, "{path} {body}: {reply:?}");
        reply
    }

    /// POST a form to the token endpoint of `segment` with the application's id.
    pub async fn token(&self, segment: &str, form: &[(&str, &str)]) -> Reply {
        let client = self.client.to_string();
        let mut all = vec![("client_id", client.as_str())];
        all.extend_from_slice(form);
        self.post(&format!("{segment}/oauth2/v2.0/token"), &all)
            .await
    }

    pub async fn begin_device(&self, scope: &str) -> Reply {
        let client = self.client.to_string();
        self.post(
            "organizations/oauth2/v2.0/devicecode",
            &[("client_id", &client), ("scope", scope)],
        )
        .await
    }

    pub async fn poll(&self, device_code: &str) -> Reply {
        self.token(
            "organizations",
            &[
                ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
                ("device_code", device_code),
            ],
        )
        .await
    }

    /// Sign the administrator in by device code, consenting for the organisation; the answer with the tokens.
    pub async fn onboard(&self) -> Reply {
        self.onboard_as(ADMIN).await
    }

    pub async fn onboard_as(&self, upn: &str) -> Reply {
        let begun = self.begin_device(GRAPH).await;
        self.control(
            "device/approve",
            json!({"user_code": begun.text("user_code"), "upn": upn}),
        )
        .await;
        let reply = self.poll(begun.text("device_code")).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply
    }

    /// Refresh `token` for `scope` at the tenant, as a public client.
    pub async fn refresh_for(&self, token: &str, scope: &str) -> Reply {
        self.token(
            &self.tenant.to_string(),
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", token),
                ("scope", scope),
            ],
        )
        .await
    }

    pub async fn refresh(&self, token: &str) -> Reply {
        self.refresh_for(token, GRAPH).await
    }

    /// What the ledger says of `token`.
    pub fn works(&self, token: &str) -> bool {
        let sha256 = tenantry::simulator::fingerprint(token);
        self.directory().ledger_entry(&sha256).unwrap().works
    }

    pub fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Let a cause of death happen to the tenant.
    pub async fn kill(&self, cause: &str) {
        self.control("kill", json!({"tenant": "contoso.example", "cause": cause}))
            .await;
    }
}

pub fn options(clock: Clock, mode: Mode) -> Options {
    Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        tls: false,
        ca_dir: std::env::temp_dir(),
        mode,
        seed: 7,
        clock,
        public_url: None,
        state_file: None,
    }
}

pub fn app(required: Vec<RequiredAccess>) -> App {
    App {
        client_id: Uuid::from_u128(0x7e57),
        name: "Tenantry (tests)".to_owned(),
        public_flows: true,
        multi_tenant: true,
        home_tenant: None,
        secrets: vec![ClientSecret {
            id: Uuid::from_u128(0x5ec),
            value: SECRET.to_owned(),
            expires_at: Clock::system().now() + Duration::from_hours(24 * 30),
        }],
        certificates: Vec::new(),
        redirect_uris: vec![REDIRECT.to_owned()],
        required,
        verified_publisher: true,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test client that speaks to the simulator alone"
)]
pub fn http() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

pub async fn reply(request: reqwest::RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            let value = value.to_str().unwrap_or_default();
            (name.to_string(), value.to_owned())
        })
        .collect();
    let status = response.status().as_u16();
    let bytes = response.bytes().await.unwrap();
    Reply {
        status,
        headers,
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
    }
}

/// The claims of a JWT, unverified.
pub fn claims(jwt: &str) -> Value {
    use base64::Engine;
    let body = jwt.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(body)
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// The query of an address.
pub fn query(url: &str) -> HashMap<String, String> {
    let url = url::Url::parse(url).unwrap();
    url.query_pairs().into_owned().collect()
}

/// Required access to Graph alone, with nothing that an ordinary user may not grant.
pub fn low_risk() -> Vec<RequiredAccess> {
    vec![RequiredAccess {
        resource: Resource::Graph,
        delegated: ["User.Read".to_owned()].into(),
        application: [].into(),
    }]
}
