//! Each claim of an `id_token` refused by itself, with real RSA signatures.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, EncodingKey, Header};
use rcgen::{KeyPair, PKCS_RSA_SHA256, PublicKeyData};
use serde_json::json;
use time::macros::datetime;

use super::*;

const TENANT: Uuid = uuid!("0a1b2c3d-0000-4000-8000-00000000a100");
const PERSON: Uuid = uuid!("9f8e7d6c-0000-4000-8000-00000000c0de");
const CLIENT: Uuid = uuid!("11111111-2222-4333-8444-555555555555");
const NOW: OffsetDateTime = datetime!(2026-03-02 08:15:42 UTC);

static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap());

fn signing_key(issuer: Option<&str>) -> SigningKey {
    SigningKey::of(
        "k1",
        issuer.map(str::to_owned),
        DecodingKey::from_rsa_der(KEY.der_bytes()),
    )
}

fn claims() -> Value {
    json!({"aud":CLIENT,"iss":format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
        "iat":NOW.unix_timestamp(),"nbf":NOW.unix_timestamp(),"exp":NOW.unix_timestamp() + 3600,
        "tid":TENANT,"oid":PERSON,"sub":"s","ver":"2.0","name":"Ada Admin",
        "preferred_username":"ada@contoso.example","nonce":"n-1"})
}

fn sign(claims: &Value) -> String {
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some("k1".into());
    let key = EncodingKey::from_rsa_pem(KEY.serialize_pem().as_bytes()).unwrap();
    jsonwebtoken::encode(&header, claims, &key).unwrap()
}

fn check(claims: &Value) -> Result<IdClaims, IdTokenError> {
    let issuer = "https://login.microsoftonline.com/{tenantid}/v2.0";
    check_with(&sign(claims), &signing_key(Some(issuer)))
}

fn check_with(token: &str, key: &SigningKey) -> Result<IdClaims, IdTokenError> {
    let expect = Expect {
        client_id: CLIENT,
        tenant: Some(TENANT),
        nonce: Some("n-1"),
    };
    verify(token, key, expect, &Endpoints::global(), NOW)
}

fn changed(field: &str, value: Value) -> Result<IdClaims, IdTokenError> {
    let mut claims = claims();
    claims[field] = value;
    check(&claims)
}

#[test]
fn a_genuine_token_names_the_person() {
    let person = check(&claims()).unwrap();
    assert_eq!((person.tid, person.oid), (TENANT, PERSON));
    assert_eq!(
        person.preferred_username.as_deref(),
        Some("ada@contoso.example")
    );
    assert!(!person.guest && person.role_templates.is_empty());
    assert_eq!(person.issued_at, NOW);
}

#[test]
fn every_claim_that_matters_is_checked() {
    let seconds = |offset: i64| json!(NOW.unix_timestamp() + offset);
    for (field, value, expected) in [
        ("iss", json!("https://evil.example/v2.0"), "another issuer"),
        (
            "iss",
            json!(format!("https://login.microsoftonline.com/{CLIENT}/v2.0")),
            "another issuer",
        ),
        ("tid", json!(CLIENT), "another issuer"),
        ("tid", json!(null), "not well-formed"),
        ("aud", json!(PERSON), "another application"),
        ("aud", json!([CLIENT]), "another application"),
        ("exp", seconds(-301), "expired"),
        ("exp", json!("tomorrow"), "not well-formed"),
        ("nbf", seconds(301), "not valid yet"),
        ("nonce", json!("n-2"), "another request"),
        ("nonce", json!(null), "another request"),
        ("oid", json!(null), "not well-formed"),
    ] {
        let error = changed(field, value.clone()).expect_err(field).to_string();
        assert!(error.contains(expected), "{field} = {value}: {error}");
    }
}

#[test]
fn five_minutes_of_clock_difference_are_forgiven() {
    let seconds = |offset: i64| json!(NOW.unix_timestamp() + offset);
    assert!(changed("exp", seconds(-300)).is_ok());
    assert!(changed("nbf", seconds(300)).is_ok());
}

#[test]
fn another_tenants_account_is_refused_and_named() {
    let mut claims = claims();
    claims["tid"] = json!(CLIENT);
    claims["iss"] = json!(format!("https://login.microsoftonline.com/{CLIENT}/v2.0"));
    let Err(IdTokenError::OtherTenant(person)) = check(&claims) else {
        panic!("accepted an account of another tenant");
    };
    assert_eq!(person.tid, CLIENT);
    assert_eq!(
        person.preferred_username.as_deref(),
        Some("ada@contoso.example")
    );
}

#[test]
fn personal_accounts_are_refused_even_when_any_tenant_will_do() {
    let mut claims = claims();
    claims["tid"] = json!(CONSUMERS);
    claims["iss"] = json!(format!(
        "https://login.microsoftonline.com/{CONSUMERS}/v2.0"
    ));
    let any = Expect {
        client_id: CLIENT,
        tenant: None,
        nonce: None,
    };
    let outcome = verify(
        &sign(&claims),
        &signing_key(None),
        any,
        &Endpoints::global(),
        NOW,
    );
    assert!(matches!(outcome, Err(IdTokenError::PersonalAccount(_))));
}

#[test]
fn a_key_signs_only_for_its_own_issuer() {
    let token = sign(&claims());
    let own = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
    let other = format!("https://login.microsoftonline.com/{CONSUMERS}/v2.0");
    assert!(check_with(&token, &signing_key(Some(&own))).is_ok());
    assert!(check_with(&token, &signing_key(None)).is_ok());
    assert!(matches!(
        check_with(&token, &signing_key(Some(&other))),
        Err(IdTokenError::Issuer)
    ));
}

#[test]
fn a_changed_payload_or_another_key_breaks_the_signature() {
    let token = sign(&claims());
    let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    let mut forged = claims();
    forged["oid"] = json!(CLIENT);
    parts[1] = URL_SAFE_NO_PAD.encode(forged.to_string());
    assert!(matches!(
        check_with(&parts.join("."), &signing_key(None)),
        Err(IdTokenError::Signature)
    ));
    let other = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let other = SigningKey::of("k1", None, DecodingKey::from_rsa_der(other.der_bytes()));
    assert!(matches!(
        check_with(&token, &other),
        Err(IdTokenError::Signature)
    ));
}

#[test]
fn only_rs256_with_a_key_id_is_looked_at() {
    let hs256 = jsonwebtoken::encode(
        &Header::default(),
        &claims(),
        &EncodingKey::from_secret(b"k"),
    )
    .unwrap();
    assert!(matches!(key_id(&hs256), Err(IdTokenError::Algorithm)));
    let none = format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"none","kid":"k1"}"#),
        URL_SAFE_NO_PAD.encode("{}")
    );
    assert!(key_id(&none).is_err());
    let unnamed = format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#));
    assert!(matches!(
        key_id(&unnamed),
        Err(IdTokenError::Malformed("kid"))
    ));
    for nonsense in ["", "a", "a.b", "a.b.c", "....", "eyJ"] {
        assert!(key_id(nonsense).is_err(), "{nonsense:?}");
    }
}

#[test]
fn guests_are_seen_by_any_of_three_signs() {
    for (field, value, guest) in [
        ("acct", json!(1), true),
        ("acct", json!(0), false),
        ("idp", json!("live.com"), true),
        (
            "idp",
            json!(format!("https://sts.windows.net/{CLIENT}/")),
            true,
        ),
        (
            "idp",
            json!(format!("https://sts.windows.net/{TENANT}/")),
            false,
        ),
        (
            "preferred_username",
            json!("ada_fabrikam.example#EXT#@contoso.onmicrosoft.com"),
            true,
        ),
    ] {
        assert_eq!(
            changed(field, value.clone()).unwrap().guest,
            guest,
            "{field} = {value}"
        );
    }
}
