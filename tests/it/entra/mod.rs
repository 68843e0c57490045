//! The Entra client against servers that answer as Microsoft does, and as it should not.

mod device;
mod discovery;
mod grants;
mod graph;
mod id_token;
mod limits;
mod tls;

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use tenantry::clock::Clock;
use tenantry::entra::{
    App, Endpoints, Entra, Exchange, Expect, Limits, TenantSegment, TokenClass, Tokens,
};
use url::Url;
use uuid::{Uuid, uuid};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const TENANT: Uuid = uuid!("0a1b2c3d-0000-4000-8000-00000000a100");
const CLIENT: Uuid = uuid!("11111111-2222-4333-8444-555555555555");
const REFRESH_TOKEN: &str = "1.AXoA-the-old-refresh-token_0123456789";

/// A client of `address` for both sign-in and Graph, with bounds small enough to wait for.
fn entra_at(address: &str, clock: Clock) -> Entra {
    let address = Url::parse(address).unwrap();
    let endpoints = Endpoints {
        authority: address.clone(),
        graph: address,
        extra_root_ca_pem: None,
        verification_hosts: vec!["127.0.0.1".into()],
    };
    let limits = Limits {
        connect: Duration::from_millis(500),
        whole: Duration::from_millis(500),
        ..Limits::default()
    };
    Entra::with_limits(endpoints, clock, limits).unwrap()
}

fn entra(server: &MockServer) -> Entra {
    entra_at(&server.uri(), Clock::system())
}

/// A server that answers everything with `answer`.
async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

fn json_answer(status: u16, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

fn tokens_answer() -> Value {
    json!({"token_type":"Bearer","scope":"openid https://graph.microsoft.com/User.Read","expires_in":4567,
        "ext_expires_in":4567,"access_token":"eyJ0.access","refresh_token":"1.AXoA-new","id_token":"eyJ0.id.token"})
}

fn entra_error(error: &str, code: u32, suberror: &str) -> Value {
    json!({"error":error,"suberror":suberror,"error_codes":[code],"timestamp":"2026-03-02 08:15:42Z",
        "error_description":format!("AADSTS{code}: Something. Trace ID: t Correlation ID: c Timestamp: 2026-03-02 08:15:42Z"),
        "trace_id":"0a1b2c3d-0000-4000-8000-00000000a1ff","correlation_id":"9f8e7d6c-0000-4000-8000-00000000c0de"})
}

fn app() -> App {
    App {
        client_id: CLIENT,
        credential: None,
    }
}

async fn refresh(entra: &Entra) -> Exchange<Tokens> {
    let token = SecretString::from(REFRESH_TOKEN);
    let scope = "https://graph.microsoft.com/.default openid profile offline_access";
    entra
        .refresh(TENANT, &app(), TokenClass::Public, &token, scope, None)
        .await
}

/// The only request that a server received, with its form fields.
async fn only_request(server: &MockServer) -> (Request, Vec<(String, String)>) {
    let mut requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1, "exactly one request");
    let request = requests.remove(0);
    let form = url::form_urlencoded::parse(&request.body)
        .into_owned()
        .collect();
    (request, form)
}

/// A request future of the portal may be dropped; the keeper therefore spawns calls, which must be `Send`.
#[test]
fn every_call_can_be_detached_from_its_asker() {
    fn detachable(call: impl Future + Send) {
        drop(call);
    }
    let (entra, app) = (entra_at("http://127.0.0.1:9", Clock::system()), app());
    let (segment, secret) = (TenantSegment::Organizations, SecretString::from("s"));
    let back = Url::parse("https://portal.example/back").unwrap();
    let expect = Expect {
        client_id: CLIENT,
        tenant: None,
        nonce: None,
    };
    detachable(refresh(&entra));
    detachable(entra.client_credentials(TENANT, &app, "r", None));
    detachable(entra.redeem_code(&segment, &app, &secret, &secret, &back, "s"));
    detachable(entra.device_code(&segment, CLIENT, "s", None));
    detachable(entra.poll_device_code(&segment, CLIENT, &secret));
    detachable(entra.resolve_tenant("contoso.example"));
    detachable(entra.user_realm("ada@contoso.example"));
    detachable(entra.verify_id_token(&secret, expect));
    detachable(entra.graph(&secret).organization());
    detachable(entra.graph(&secret).my_directory_roles());
}
