//! The forged tokens, by what is wrong with them.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use crate::support::mint::{Forger, KID, Press};

pub(super) struct Forgery {
    pub(super) name: &'static str,
    pub(super) forger: Forger,
}

pub(super) fn forgery(
    name: &'static str,
    forger: impl Fn(&Press, Value) -> String + Send + Sync + 'static,
) -> Forgery {
    Forgery {
        name,
        forger: Arc::new(forger),
    }
}

/// Genuinely signed, one claim changed.
pub(super) fn claim(name: &'static str, field: &'static str, value: Value) -> Forgery {
    forgery(name, move |press, mut claims| {
        claims[field] = value.clone();
        press.sign(&claims)
    })
}

fn without(name: &'static str, field: &'static str) -> Forgery {
    forgery(name, move |press, mut claims| {
        claims.as_object_mut().unwrap().remove(field);
        press.sign(&claims)
    })
}

/// A claim moved by so many seconds from the token's `iat`.
fn shifted(name: &'static str, field: &'static str, seconds: i64) -> Forgery {
    forgery(name, move |press, mut claims| {
        claims[field] = json!(claims["iat"].as_i64().unwrap() + seconds);
        press.sign(&claims)
    })
}

/// Honest claims under this header, with a genuine signature.
fn header(name: &'static str, header: Value) -> Forgery {
    forgery(name, move |press, claims| {
        press.put_together(&header.to_string(), &claims.to_string(), &press.own)
    })
}

/// The same, signed with a key that nobody publishes.
fn strange(name: &'static str, header: Value) -> Forgery {
    forgery(name, move |press, claims| {
        press.put_together(&header.to_string(), &claims.to_string(), &press.strange)
    })
}

/// Signed with another algorithm of jsonwebtoken's.
fn signed_by(
    name: &'static str,
    algorithm: Algorithm,
    key: impl Fn(&Press) -> EncodingKey + Send + Sync + 'static,
) -> Forgery {
    forgery(name, move |press, claims| {
        let mut header = jsonwebtoken::Header::new(algorithm);
        header.kid = Some(KID.to_owned());
        jsonwebtoken::encode(&header, &claims, &key(press)).unwrap()
    })
}

/// The honest token, its text changed afterwards.
fn spoilt(name: &'static str, change: fn(&str) -> String) -> Forgery {
    forgery(name, move |press, claims| change(&press.sign(&claims)))
}

fn parts(token: &str) -> Vec<&str> {
    token.split('.').collect()
}

pub(super) fn algorithms() -> Vec<Forgery> {
    let none = |name, alg: &'static str| {
        forgery(name, move |press, claims| {
            let header = json!({"alg":alg,"kid":KID,"typ":"JWT"}).to_string();
            let token = press.put_together(&header, &claims.to_string(), &press.own);
            format!("{}.", token.rsplit_once('.').unwrap().0)
        })
    };
    vec![
        none("alg none", "none"),
        none("alg None", "None"),
        none("alg nOnE", "nOnE"),
        header(
            "alg none over a genuine signature",
            json!({"alg":"none","kid":KID}),
        ),
        signed_by("HS256 with the public key", Algorithm::HS256, |press| {
            EncodingKey::from_secret(press.public_pem.as_bytes())
        }),
        signed_by("HS256 with the modulus", Algorithm::HS256, |press| {
            EncodingKey::from_secret(&press.modulus)
        }),
        signed_by("HS256 with no secret", Algorithm::HS256, |_| {
            EncodingKey::from_secret(b"")
        }),
        signed_by("HS384 with the public key", Algorithm::HS384, |press| {
            EncodingKey::from_secret(press.public_pem.as_bytes())
        }),
        signed_by("HS512 with the public key", Algorithm::HS512, |press| {
            EncodingKey::from_secret(press.public_pem.as_bytes())
        }),
        signed_by("RS384", Algorithm::RS384, |press| press.own.clone()),
        signed_by("RS512", Algorithm::RS512, |press| press.own.clone()),
        signed_by("PS256", Algorithm::PS256, |press| press.own.clone()),
        header(
            "ES256 over an RSA signature",
            json!({"alg":"ES256","kid":KID}),
        ),
        header(
            "EdDSA over an RSA signature",
            json!({"alg":"EdDSA","kid":KID}),
        ),
        header(
            "an algorithm nobody knows",
            json!({"alg":"RS257","kid":KID}),
        ),
        header("no algorithm", json!({"kid":KID})),
        header("a list of algorithms", json!({"alg":["RS256"],"kid":KID})),
    ]
}

pub(super) fn keys() -> Vec<Forgery> {
    let jwk = json!({"kty":"RSA","n":"AQAB","e":"AQAB","kid":KID,"alg":"RS256","use":"sig"});
    vec![
        strange(
            "a strange key under the known name",
            json!({"alg":"RS256","kid":KID}),
        ),
        strange(
            "a strange key under its own name",
            json!({"alg":"RS256","kid":"strange"}),
        ),
        header("no key named", json!({"alg":"RS256"})),
        header("a key without a name", json!({"alg":"RS256","kid":""})),
        header(
            "a key named by a path",
            json!({"alg":"RS256","kid":format!("../{KID}")}),
        ),
        header("a key named by a number", json!({"alg":"RS256","kid":1})),
        header(
            "a key named in capitals",
            json!({"alg":"RS256","kid":KID.to_uppercase()}),
        ),
        strange(
            "its own key in the header",
            json!({"alg":"RS256","kid":KID,"jwk":jwk}),
        ),
        strange(
            "its own key in the header, under its own name",
            json!({"alg":"RS256","kid":"strange","jwk":jwk}),
        ),
        strange(
            "an address of keys in the header",
            json!({"alg":"RS256","kid":KID,"jku":"https://evil.example/keys"}),
        ),
        strange(
            "a certificate in the header",
            json!({"alg":"RS256","kid":KID,"x5c":["MIIB"],"x5u":"https://evil.example/cert"}),
        ),
        header(
            "a critical extension",
            json!({"alg":"RS256","kid":KID,"crit":["exp"],"exp":1}),
        ),
        header(
            "a payload that is not encoded",
            json!({"alg":"RS256","kid":KID,"crit":["b64"],"b64":false}),
        ),
        header(
            "critical nothing",
            json!({"alg":"RS256","kid":KID,"crit":[]}),
        ),
    ]
}

pub(super) fn shapes() -> Vec<Forgery> {
    let twice = |name, field: &'static str, value: &'static str| {
        forgery(name, move |press, claims| {
            let whole = claims.to_string();
            let open = whole.strip_suffix('}').unwrap();
            press.sign_text(&format!("{open},{field}:{value}}}"))
        })
    };
    vec![
        spoilt("without its signature", |token| parts(token)[..2].join(".")),
        spoilt("with an empty signature", |token| {
            format!("{}.", parts(token)[..2].join("."))
        }),
        spoilt("with half of its signature", |token| {
            token[..token.len() - 100].to_owned()
        }),
        spoilt("with a part too many", |token| format!("{token}.AAAA")),
        spoilt("as if it were encrypted", |token| {
            format!("{token}.AAAA.AAAA")
        }),
        spoilt("with another signature", |token| {
            format!("{}.{}", parts(token)[..2].join("."), "A".repeat(342))
        }),
        spoilt("with padding", |token| format!("{token}==")),
        spoilt("empty", |_| String::new()),
        spoilt("of one dot", |_| ".".to_owned()),
        spoilt("of two dots", |_| "..".to_owned()),
        spoilt("with a line break", |token| token.replacen('.', ".\n", 1)),
        spoilt("of 17 KiB", |token| {
            format!("{token}{}", "A".repeat(17 * 1024))
        }),
        forgery("changed after it was signed", |press, mut claims| {
            let token = press.sign(&claims);
            claims["oid"] = json!("00000000-0000-4000-8000-000000000001");
            let changed = press.sign(&claims);
            let (said, old) = (parts(&changed), parts(&token));
            format!("{}.{}.{}", said[0], said[1], old[2])
        }),
        forgery("of no JSON", |press, _| press.sign_text("not JSON")),
        forgery("of a list", |press, claims| press.sign(&json!([claims]))),
        forgery("of nothing", |press, _| press.sign(&json!({}))),
        twice(
            "with two tenants",
            r#""tid""#,
            r#""00000000-0000-4000-8000-000000000002""#,
        ),
        twice(
            "with two persons",
            r#""oid""#,
            r#""00000000-0000-4000-8000-000000000003""#,
        ),
        twice(
            "with two audiences",
            r#""aud""#,
            r#""00000000-0000-4000-8000-000000000004""#,
        ),
        twice(
            "with two names, one escaped",
            r#""preferred_\u0075sername""#,
            r#""admin@contoso.example""#,
        ),
    ]
}

pub(super) fn said() -> Vec<Forgery> {
    const OTHER: &str = "00000000-0000-4000-8000-000000000005";
    vec![
        claim("of another host", "iss", json!("https://evil.example/v2.0")),
        claim(
            "of the older issuer",
            "iss",
            json!(format!("https://sts.windows.net/{OTHER}/")),
        ),
        forgery("of another tenant's issuer", |press, mut claims| {
            let own = claims["tid"].as_str().unwrap();
            let issuer = claims["iss"].as_str().unwrap().replace(own, OTHER);
            claims["iss"] = json!(issuer);
            press.sign(&claims)
        }),
        forgery("of the issuer with a slash more", |press, mut claims| {
            claims["iss"] = json!(format!("{}/", claims["iss"].as_str().unwrap()));
            press.sign(&claims)
        }),
        forgery("of the issuer's template", |press, mut claims| {
            let own = claims["tid"].as_str().unwrap();
            let issuer = claims["iss"].as_str().unwrap().replace(own, "{tenantid}");
            claims["iss"] = json!(issuer);
            press.sign(&claims)
        }),
        forgery("of a list of issuers", |press, mut claims| {
            claims["iss"] = json!([claims["iss"]]);
            press.sign(&claims)
        }),
        without("of nobody", "iss"),
        claim("for another application", "aud", json!(OTHER)),
        claim("for Graph", "aud", json!("https://graph.microsoft.com")),
        forgery("for a list of applications", |press, mut claims| {
            claims["aud"] = json!([claims["aud"], OTHER]);
            press.sign(&claims)
        }),
        forgery("for the application in braces", |press, mut claims| {
            claims["aud"] = json!(format!("{{{}}}", claims["aud"].as_str().unwrap()));
            press.sign(&claims)
        }),
        without("for nobody", "aud"),
        shifted("run out six minutes ago", "exp", -360),
        without("without an end", "exp"),
        claim("with an end in words", "exp", json!("2099-01-01")),
        claim("with an end beyond all time", "exp", json!(1e30)),
        claim("with a negative end", "exp", json!(-1)),
        shifted("good only from tomorrow", "nbf", 86_400),
        without("without a date", "iat"),
        without("without a tenant", "tid"),
        claim("of a tenant that is no id", "tid", json!("contoso.example")),
        claim("of a tenant that is a number", "tid", json!(7)),
        without("without a person", "oid"),
        claim("of a person that is no id", "oid", json!("admin")),
        claim("of a person that is nothing", "oid", json!(null)),
    ]
}
