//! Forged, bent and borrowed tokens from a provider that gives them out: not one opens the door.

use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use tenantry::domain::technician::Role;

use super::pretend::{b64, jwt, rsa};
use super::{Away, World, is_in};

const GOOD: &str = r#"{"alg":"RS256","kid":"k1","typ":"JWT"}"#;

/// What a forger has: the provider's public key, keys of their own, a good token of another trip.
struct Forger<'a> {
    world: &'a World,
    own: EncodingKey,
    made: Vec<(&'static str, String)>,
}

impl Forger<'_> {
    fn add(&mut self, name: &'static str, token: impl Into<String>) {
        self.made.push((name, token.into()));
    }

    /// Good claims under a header that is not, signed by the provider's own key.
    fn header(&mut self, name: &'static str, header: &str, payload: &str) {
        let key = &self.world.idp.key;
        let token = jwt(header, payload, key, Algorithm::RS256);
        self.add(name, token);
    }

    fn methods(&mut self, payload: &str) {
        for (name, alg) in [
            ("none", "none"),
            ("None", "None"),
            ("nOnE", "nOnE"),
            ("no alg", ""),
        ] {
            let header = format!(r#"{{"alg":"{alg}","kid":"k1"}}"#);
            self.add(name, format!("{}.{}.", b64(&header), b64(payload)));
        }
        self.header(
            "none with a signature",
            r#"{"alg":"none","kid":"k1"}"#,
            payload,
        );
        let public = self.world.idp.public_der.clone();
        let modulus = self.world.idp.jwk("k1")["n"].as_str().unwrap().to_owned();
        for (name, secret) in [
            ("HS256 with the public key", public.as_slice()),
            ("HS256 with the modulus", modulus.as_bytes()),
            ("HS256 with a guess", b"secret".as_slice()),
            ("HS256 with the client id", b"tenantry".as_slice()),
        ] {
            let key = EncodingKey::from_secret(secret);
            let token = jwt(
                r#"{"alg":"HS256","kid":"k1"}"#,
                payload,
                &key,
                Algorithm::HS256,
            );
            self.add(name, token);
        }
        let key = EncodingKey::from_secret(&public);
        self.add(
            "HS512",
            jwt(
                r#"{"alg":"HS512","kid":"k1"}"#,
                payload,
                &key,
                Algorithm::HS512,
            ),
        );
        let key = self.world.idp.key.clone();
        self.add(
            "RS512",
            jwt(
                r#"{"alg":"RS512","kid":"k1"}"#,
                payload,
                &key,
                Algorithm::RS512,
            ),
        );
        self.add(
            "PS256 that the provider does not offer",
            jwt(
                r#"{"alg":"PS256","kid":"k1"}"#,
                payload,
                &key,
                Algorithm::PS256,
            ),
        );
        self.header("called ES256", r#"{"alg":"ES256","kid":"k1"}"#, payload);
        self.header("called EdDSA", r#"{"alg":"EdDSA","kid":"k1"}"#, payload);
    }

    fn keys(&mut self, payload: &str) {
        for (name, header) in [
            ("another's signature", GOOD.to_owned()),
            ("another's signature, no kid", r#"{"alg":"RS256"}"#.into()),
            ("unknown kid", r#"{"alg":"RS256","kid":"k2"}"#.into()),
            (
                "kid of a file",
                r#"{"alg":"RS256","kid":"../../../dev/null"}"#.into(),
            ),
            (
                "kid of SQL",
                r#"{"alg":"RS256","kid":"k1' or '1'='1"}"#.into(),
            ),
            (
                "a key of its own",
                format!(r#"{{"alg":"RS256","kid":"k1","jwk":{}}}"#, self.own_jwk()),
            ),
            (
                "jku",
                r#"{"alg":"RS256","kid":"k1","jku":"http://127.0.0.1:1/keys"}"#.into(),
            ),
            (
                "x5u",
                r#"{"alg":"RS256","kid":"k1","x5u":"http://127.0.0.1:1/c"}"#.into(),
            ),
        ] {
            let token = jwt(&header, payload, &self.own, Algorithm::RS256);
            self.add(name, token);
        }
        for (name, header) in [
            ("kid is a number", r#"{"alg":"RS256","kid":1}"#),
            (
                "embedded key beside a good signature",
                r#"{"alg":"RS256","kid":"k1","jwk":{}}"#,
            ),
            ("x5c", r#"{"alg":"RS256","kid":"k1","x5c":["AA"]}"#),
            (
                "critical",
                r#"{"alg":"RS256","kid":"k1","crit":["exp"],"exp":1}"#,
            ),
            (
                "unencoded",
                r#"{"alg":"RS256","kid":"k1","b64":false,"crit":["b64"]}"#,
            ),
            ("compressed", r#"{"alg":"RS256","kid":"k1","zip":"DEF"}"#),
            (
                "an access token",
                r#"{"alg":"RS256","kid":"k1","typ":"at+jwt"}"#,
            ),
            (
                "a logout token",
                r#"{"alg":"RS256","kid":"k1","typ":"logout+jwt"}"#,
            ),
            ("alg twice", r#"{"alg":"RS256","alg":"none","kid":"k1"}"#),
            ("alg a list", r#"{"alg":["RS256"],"kid":"k1"}"#),
        ] {
            self.header(name, header, payload);
        }
    }

    fn own_jwk(&self) -> Value {
        let jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&self.own, Algorithm::RS256).unwrap();
        serde_json::to_value(jwk).unwrap()
    }

    fn shapes(&mut self, payload: &str) {
        let good = jwt(GOOD, payload, &self.world.idp.key, Algorithm::RS256);
        let (head, signature) = good.rsplit_once('.').unwrap();
        let other = payload.replace("subject-of-robin", "subject-of-eve");
        self.add("no signature", format!("{head}."));
        self.add("two parts", head.to_owned());
        self.add("four parts", format!("{good}.x"));
        self.add("five parts, as if encrypted", format!("{good}.x.y"));
        self.add(
            "payload exchanged",
            format!("{}.{}.{signature}", b64(GOOD), b64(&other)),
        );
        self.add("padded", format!("{good}="));
        self.add("white space", format!(" {good}"));
        let mut bent = signature.to_owned().into_bytes();
        bent[20] = if bent[20] == b'A' { b'B' } else { b'A' };
        self.add(
            "a bit of the signature",
            format!("{head}.{}", String::from_utf8(bent).unwrap()),
        );
        let long = payload.replacen('{', &format!("{{\"pad\":\"{}\",", "x".repeat(16 * 1024)), 1);
        for (name, text) in [
            ("oversize", long.as_str()),
            ("no JSON", "claims"),
            ("a list", "[]"),
            ("empty", "{}"),
            ("deep", &"[".repeat(3000)),
        ] {
            self.header(name, GOOD, text);
        }
        for name in ["sub", "iss", "aud", "nonce", "exp"] {
            let twice = payload.replacen('{', &format!("{{\"{name}\":\"x\","), 1);
            self.header("a claim twice", GOOD, &twice);
        }
    }

    fn claims(&mut self, away: &Away, now: i64) {
        for (name, change) in [
            ("another issuer", json!({"iss": "https://evil.example"})),
            (
                "issuer with a slash",
                json!({"iss": format!("{}/", self.world.idp.issuer())}),
            ),
            ("no issuer", json!({"iss": null})),
            ("issuers", json!({"iss": [self.world.idp.issuer()]})),
            ("another audience", json!({"aud": "other"})),
            (
                "audience besides",
                json!({"aud": ["tenantry", "other"], "azp": "tenantry"}),
            ),
            ("no audience", json!({"aud": null})),
            ("empty audience", json!({"aud": []})),
            ("presented by another", json!({"azp": "other"})),
            ("presented by a number", json!({"azp": 1})),
            ("another nonce", json!({"nonce": "x"})),
            ("no nonce", json!({"nonce": null})),
            ("nonces", json!({"nonce": [away.nonce]})),
            ("expired", json!({"exp": now - 400})),
            ("no expiry", json!({"exp": null})),
            ("expiry in words", json!({"exp": (now + 600).to_string()})),
            ("expiry without end", json!({"exp": 1e300})),
            ("issued later", json!({"iat": now + 400})),
            ("issued before it was asked for", json!({"iat": now - 4000})),
            ("never issued", json!({"iat": null})),
            ("not yet valid", json!({"nbf": now + 400})),
            ("valid in words", json!({"nbf": "now"})),
            (
                "another access token",
                json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}),
            ),
            ("an empty hash", json!({"at_hash": ""})),
            ("nobody", json!({"sub": null})),
            ("empty subject", json!({"sub": ""})),
            ("subject as number", json!({"sub": 7})),
            ("subjects", json!({"sub": ["subject-of-robin"]})),
            ("endless subject", json!({"sub": "x".repeat(300)})),
        ] {
            let token = self.world.idp.sign(&self.world.claims(away, &change));
            self.add(name, token);
        }
    }
}

#[tokio::test]
async fn no_forged_token_opens_the_door() {
    let world = World::start().await;
    world.linked(Role::Owner).await;
    let (mut tried, mut at, own) = (0, 0, rsa().0);
    loop {
        world.forget_failures().await;
        let browser = world.app.browser();
        let away = world.leave(&browser).await;
        let mut forger = Forger {
            world: &world,
            own: own.clone(),
            made: Vec::new(),
        };
        let (payload, now) = (
            world.claims(&away, &json!({})).to_string(),
            world.app.clock.now().unix_timestamp(),
        );
        forger.methods(&payload);
        forger.keys(&payload);
        forger.shapes(&payload);
        forger.claims(&away, now);
        let Some((name, token)) = forger.made.get(at) else {
            break;
        };
        let page = world.come_back_with(&browser, &away, token).await;
        assert_eq!(page.status, 422, "{name}: {}", page.text());
        assert!(!is_in(&browser).await, "{name}");
        let reason = world.last_reason().await;
        assert!(
            ["id_token not acceptable", "nobody named"].contains(&reason.as_str()),
            "{name}: {reason}"
        );
        (tried, at) = (tried + 1, at + 1);
    }
    assert!(tried >= 40, "{tried}");
    println!("forged id_tokens: {tried} tried, 0 accepted");
    world.forget_failures().await;
    let browser = world.app.browser();
    assert_eq!(
        world.sign_in(&browser, &json!({})).await.status,
        303,
        "a good one does"
    );
    let signed = world.app.audit().await;
    assert_eq!(
        signed
            .iter()
            .filter(|entry| *entry == "technician.signed_in done")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_new_key_is_found_and_an_unknown_one_does_not_make_us_ask_over_and_over() {
    let world = World::start().await;
    world.linked(Role::Owner).await;
    let renamed = r#"{"alg":"RS256","kid":"k2"}"#;
    let come = async || {
        let browser = world.app.browser();
        let away = world.leave(&browser).await;
        let payload = world.claims(&away, &json!({})).to_string();
        let token = jwt(renamed, &payload, &world.idp.key, Algorithm::RS256);
        world.come_back_with(&browser, &away, &token).await.status
    };
    for _ in 0..3 {
        assert_eq!(come().await, 422);
    }
    assert_eq!(world.idp.keys_asked().await, 1);
    world.idp.publish("k2");
    assert_eq!(come().await, 422, "not again within five minutes");
    world.app.advance(std::time::Duration::from_mins(5));
    assert_eq!(come().await, 303);
    assert_eq!(world.idp.keys_asked().await, 2);
    assert_eq!(come().await, 303, "known for a day");
    assert_eq!(world.idp.keys_asked().await, 2);
}
