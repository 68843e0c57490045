//! A sign-in host between keeper and simulator that holds the signing key itself: who signs in is the simulator's to say, but
//! what stands in the `id_token` and how it is signed is the test's.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use rcgen::{KeyPair, PKCS_RSA_SHA256, PublicKeyData as _};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use url::Url;

use super::keeper::World;

/// Makes the next `id_token` of its claims.
pub type Forger = Arc<dyn Fn(&Press, Value) -> String + Send + Sync>;

/// The keys, and how a token is put together.
pub struct Press {
    /// What is published.
    pub own: EncodingKey,
    /// What is not.
    pub strange: EncodingKey,
    /// The published key as PEM, for those who take a public key for a shared secret.
    pub public_pem: String,
    pub modulus: Vec<u8>,
    document: Value,
}

/// A running mint.
pub struct Mint {
    forger: Arc<Mutex<Option<Forger>>>,
    server: AbortHandle,
}

struct Shop {
    press: Press,
    forger: Arc<Mutex<Option<Forger>>>,
    behind: Url,
    client: reqwest::Client,
}

pub const KID: &str = "mint-1";

impl Press {
    fn new(base: &str) -> Self {
        let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let own = EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).unwrap();
        let strange = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let jwk = Jwk::from_encoding_key(&own, Algorithm::RS256).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["kid"] = json!(KID);
        jwk["use"] = json!("sig");
        jwk["issuer"] = json!(format!("{base}/{{tenantid}}/v2.0"));
        let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
        let der = STANDARD.encode(pair.subject_public_key_info());
        Self {
            own,
            strange: EncodingKey::from_rsa_pem(strange.serialize_pem().as_bytes()).unwrap(),
            public_pem: format!("-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n"),
            modulus,
            document: json!({ "keys": [jwk] }),
        }
    }

    /// As Microsoft signs.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_text(&claims.to_string())
    }

    /// The same for claims as written, which need be no JSON.
    pub fn sign_text(&self, claims: &str) -> String {
        let header = json!({"alg":"RS256","kid":KID,"typ":"JWT"}).to_string();
        self.put_together(&header, claims, &self.own)
    }

    /// Header and claims as written, with an RS256 signature by `key`.
    #[expect(clippy::unused_self, reason = "it reads as what the host does")]
    pub fn put_together(&self, header: &str, claims: &str, key: &EncodingKey) -> String {
        let said = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let signature = jsonwebtoken::crypto::sign(said.as_bytes(), key, Algorithm::RS256).unwrap();
        format!("{said}.{signature}")
    }
}

impl Mint {
    /// Put it between `world`'s keepers to come and its simulator.
    pub async fn between(world: &mut World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let base = format!("http://{address}");
        let forger = Arc::new(Mutex::new(None));
        #[expect(
            clippy::disallowed_methods,
            reason = "the mint's way to the simulator, not the product's to Microsoft"
        )]
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let shop = Arc::new(Shop {
            press: Press::new(&base),
            forger: Arc::clone(&forger),
            behind: world.simulator.url().clone(),
            client,
        });
        let router = Router::new().fallback(pass).with_state(shop);
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        world.authority = Some(Url::parse(&base).unwrap());
        Self {
            forger,
            server: server.abort_handle(),
        }
    }

    /// How tokens are made from now on.
    pub fn forge(&self, forger: Forger) {
        *self.forger.lock().unwrap() = Some(forger);
    }

    /// As Microsoft makes them.
    pub fn be_honest(&self) {
        *self.forger.lock().unwrap() = None;
    }
}

impl Drop for Mint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn pass(
    State(shop): State<Arc<Shop>>,
    method: Method,
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    if uri.path().ends_with("/discovery/v2.0/keys") {
        return answer(StatusCode::OK, shop.press.document.to_string());
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    // The simulator names itself as it is asked: its tokens are this host's.
    headers.remove(header::CONTENT_LENGTH);
    let answered = shop
        .client
        .request(method, shop.behind.join(path).unwrap())
        .headers(headers)
        .body(body)
        .send()
        .await
        .unwrap();
    let status = answered.status();
    let text = answered.text().await.unwrap();
    let Ok(mut fields) = serde_json::from_str::<Value>(&text) else {
        return answer(status, text);
    };
    if let Some(genuine) = fields["id_token"].as_str() {
        let claims = genuine.split('.').nth(1).unwrap();
        let claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        let forger = shop.forger.lock().unwrap().clone();
        let token = match forger {
            Some(forger) => forger(&shop.press, claims),
            None => shop.press.sign(&claims),
        };
        fields["id_token"] = json!(token);
        return answer(status, fields.to_string());
    }
    answer(status, text)
}

fn answer(status: StatusCode, body: String) -> Response {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body))
        .unwrap()
}
