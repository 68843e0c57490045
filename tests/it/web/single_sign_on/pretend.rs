//! A provider that gives out whatever token a test wants, good ones and forged ones.

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use rcgen::{KeyPair, PKCS_RSA_SHA256, PublicKeyData};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

pub struct Pretend {
    server: MockServer,
    pub key: EncodingKey,
    /// The public key as DER, for those who would take it as a shared secret.
    pub public_der: Vec<u8>,
    given: Arc<Mutex<ResponseTemplate>>,
    keys: Arc<Mutex<ResponseTemplate>>,
    /// Below the server's address; Microsoft's issuers have one.
    path: String,
}

struct Given(Arc<Mutex<ResponseTemplate>>);

impl Respond for Given {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        self.0.lock().unwrap().clone()
    }
}

/// A key pair of RSA.
pub fn rsa() -> (EncodingKey, Vec<u8>) {
    let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let key = EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).unwrap();
    (key, pair.der_bytes().to_vec())
}

impl Pretend {
    pub async fn start() -> Self {
        Self::at("", str::to_owned).await
    }

    /// Below this path, calling itself in its metadata by what `called` makes of the issuer.
    pub async fn at(below: &str, called: impl Fn(&str) -> String) -> Self {
        let (key, public_der) = rsa();
        let pretend = Self {
            server: MockServer::start().await,
            key,
            public_der,
            given: Arc::new(Mutex::new(ResponseTemplate::new(500))),
            keys: Arc::new(Mutex::new(ResponseTemplate::new(500))),
            path: below.to_owned(),
        };
        let metadata = json!({
            "issuer": called(&pretend.issuer()),
            "authorization_endpoint": pretend.below("/authorize"),
            "token_endpoint": pretend.below("/token"),
            "jwks_uri": pretend.below("/keys"),
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["RS256"],
        });
        pretend
            .document("/.well-known/openid-configuration", &metadata)
            .await;
        pretend.publish("k1");
        Mock::given(method("GET"))
            .and(path(format!("{below}/keys")))
            .respond_with(Given(Arc::clone(&pretend.keys)))
            .mount(&pretend.server)
            .await;
        Mock::given(method("POST"))
            .and(path(format!("{below}/token")))
            .respond_with(Given(Arc::clone(&pretend.given)))
            .mount(&pretend.server)
            .await;
        pretend
    }

    async fn document(&self, at: &str, body: &Value) {
        Mock::given(method("GET"))
            .and(path(format!("{}{at}", self.path)))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .mount(&self.server)
            .await;
    }

    fn below(&self, path: &str) -> String {
        format!("{}{}{path}", self.server.uri(), self.path)
    }

    pub fn jwk(&self, kid: &str) -> Value {
        let jwk = Jwk::from_encoding_key(&self.key, Algorithm::RS256).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["kid"] = kid.into();
        jwk
    }

    /// From now on its key has this name.
    pub fn publish(&self, kid: &str) {
        let keys = json!({"keys": [self.jwk(kid)]});
        *self.keys.lock().unwrap() = ResponseTemplate::new(200).set_body_json(keys);
    }

    /// How often its keys were asked for.
    pub async fn keys_asked(&self) -> usize {
        let all = self.server.received_requests().await.unwrap();
        all.iter()
            .filter(|request| request.url.path().ends_with("/keys"))
            .count()
    }

    pub fn issuer(&self) -> String {
        format!("{}{}", self.server.uri(), self.path)
    }

    /// A token with these claims, as a good provider makes it.
    pub fn sign(&self, claims: &Value) -> String {
        jwt(
            r#"{"alg":"RS256","kid":"k1","typ":"JWT"}"#,
            &claims.to_string(),
            &self.key,
            Algorithm::RS256,
        )
    }

    /// Exchange the next code for this token.
    pub fn give(&self, id_token: &str) {
        self.answer(ResponseTemplate::new(200).set_body_json(json!({
            "token_type": "Bearer", "access_token": "at", "expires_in": 600, "id_token": id_token})));
    }

    /// Answer the next code so.
    pub fn answer(&self, answer: ResponseTemplate) {
        *self.given.lock().unwrap() = answer;
    }

    /// Bodies of the requests for tokens.
    pub async fn exchanges(&self) -> Vec<String> {
        let all = self.server.received_requests().await.unwrap();
        let asked = all
            .iter()
            .filter(|request| request.method.as_str() == "POST");
        asked
            .map(|request| String::from_utf8(request.body.clone()).unwrap())
            .collect()
    }
}

/// A token of any header and payload, as text, signed by this key.
pub fn jwt(header: &str, payload: &str, key: &EncodingKey, algorithm: Algorithm) -> String {
    let message = format!("{}.{}", b64(header), b64(payload));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

pub fn b64(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}
