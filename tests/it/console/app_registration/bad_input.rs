//! What is refused at the field, before Microsoft is asked; nothing is stored and no secret comes back.

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};
use time::macros::datetime;

use super::{PEM_FORM, SECRET_FORM, Stage};
use crate::support::keeper::SECRET;

fn certificate(key: &KeyPair) -> String {
    CertificateParams::default().self_signed(key).unwrap().pem()
}

#[tokio::test]
async fn secrets_that_are_none() {
    let stage = Stage::new().await;
    for (secret, not_after, field, words) in [
        ("", "", "secret", "Paste the secret's Value."),
        (
            "11111111-2222-4333-8444-555555555555",
            "",
            "secret",
            "That is the secret's ID.",
        ),
        ("two words", "", "secret", "no spaces"),
        ("a\u{1f512}b", "", "secret", "outside ASCII"),
        (SECRET, "", "secret", "stored already"),
        (
            "good8Q~value",
            "2020-01-01",
            "not_after",
            "That day is over",
        ),
        ("good8Q~value", "soon", "not_after", "Enter the day as"),
    ] {
        let answer = stage
            .answer(SECRET_FORM, &[("secret", secret), ("not_after", not_after)])
            .await;
        assert_eq!(answer.status, 422, "{secret}");
        let error = answer.field_error(field);
        assert!(error.contains(words), "{secret}: {error}");
        assert_eq!(answer.value("secret"), "", "a secret comes back");
        assert_eq!(answer.value("not_after"), not_after);
        assert!(answer.has("details[open] input[name=secret]"));
    }
    let long = "x".repeat(20_000);
    let answer = stage.answer(SECRET_FORM, &[("secret", &long)]).await;
    assert!(answer.field_error("secret").contains("too long"));
    assert!(!answer.body.contains(&long));
    let huge = "x".repeat(100 * 1024);
    assert_eq!(
        stage.answer(SECRET_FORM, &[("secret", &huge)]).await.status,
        413
    );
    assert_eq!(stage.credentials().await, ["secret active"]);
}

#[tokio::test]
async fn certificates_that_microsoft_would_refuse() {
    let stage = Stage::new().await;
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let other = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let curve = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let mut over = CertificateParams::default();
    over.not_before = datetime!(2019-01-01 00:00 UTC);
    over.not_after = datetime!(2020-01-01 00:00 UTC);
    let over = over.self_signed(&key).unwrap().pem();
    let pem = key.serialize_pem();
    for (text, words) in [
        (String::new(), "Paste the certificate"),
        ("nonsense".into(), "in PEM"),
        (
            format!("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n{pem}"),
            "in PEM",
        ),
        (certificate(&key), "no PRIVATE KEY"),
        (pem.clone(), "no CERTIFICATE"),
        (
            format!("{}{}", certificate(&key), other.serialize_pem()),
            "belongs to another certificate",
        ),
        (
            format!("{}{}", certificate(&curve), curve.serialize_pem()),
            "not an RSA key",
        ),
        (format!("{over}{pem}"), "past its end"),
        ("x".repeat(40_000), "too long"),
    ] {
        let answer = stage.answer(PEM_FORM, &[("pem", &text)]).await;
        assert_eq!(answer.status, 422, "{words}");
        let error = answer.field_error("pem");
        assert!(error.contains(words), "{words}: {error}");
        assert_eq!(answer.text_of("textarea"), "", "a key comes back");
    }
    assert_eq!(stage.credentials().await, ["secret active"]);
}

#[tokio::test]
async fn a_certificate_with_its_key_is_tried_like_any_other() {
    let stage = Stage::new().await;
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let mut params = CertificateParams::default();
    params.not_after = datetime!(2060-01-01 00:00 UTC);
    let certificate = params.self_signed(&key).unwrap().pem();
    stage.certificate_at_microsoft(&certificate);
    let both = format!("{}{certificate}", key.serialize_pem());
    let page = stage.send(PEM_FORM, &[("pem", &both)]).await;
    assert!(page.text().contains("Microsoft accepted it: Certificate"));
    assert!(page.text().contains("2060-01-01"));
    let again = stage.answer(PEM_FORM, &[("pem", &both)]).await;
    assert!(again.field_error("pem").contains("stored already"));
}

#[tokio::test]
async fn a_registration_that_is_none() {
    let stage = Stage::new().await;
    let form = "form[action='/security/app-registration']";
    for (field, wrong) in [
        ("client_id", "contoso"),
        ("client_id", ""),
        ("display_name", " "),
        ("entra_tenant_id", "contoso.com"),
    ] {
        let answer = stage.answer(form, &[(field, wrong)]).await;
        assert_eq!(answer.status, 422, "{field}");
        assert!(!answer.field_error(field).is_empty());
        assert_eq!(answer.value(field), wrong);
    }
    for address in ["x", "11111111-2222-4333-8444-555555555555"] {
        for word in ["retirement", "removal", "certificate"] {
            let path = format!("/security/app-registration/credentials/{address}/{word}");
            assert_eq!(stage.owner.get(&path).await.status, 404, "{path}");
        }
    }
}
