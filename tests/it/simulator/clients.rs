//! Microsoft's own client libraries against the simulator, over TLS with the CA it makes: what they accept as tokens and
//! what they raise. The tests install the libraries themselves, once per lock file, below Cargo's directory for tests.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};
use tenantry::clock::Clock;
use tenantry::simulator::directory::{
    ClientCertificate, Mode, NewTenant, NewUser, required_access,
};
use tenantry::simulator::{Options, Simulator, start};

use super::support::{ADMIN, REDIRECT, SECRET, app, options};
use crate::support::packages;

const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");

/// A simulator over TLS, and what the client scripts are told about it.
async fn world(name: &str) -> (Simulator, Value) {
    let simulator = start(Options {
        tls: true,
        ca_dir: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-ca")),
        ..options(Clock::system(), Mode::Entra)
    })
    .await
    .unwrap();
    let directory = simulator.directory();
    let tenant = directory
        .add_tenant(NewTenant::named("Contoso", "contoso.example"))
        .unwrap();
    directory.add_user(NewUser::admin(ADMIN, "Admin")).unwrap();
    let mut settings = directory.settings();
    settings.device_interval = 1;
    directory.set_settings(settings);
    let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let certificate = CertificateParams::new(vec!["client".to_owned()])
        .unwrap()
        .self_signed(&pair)
        .unwrap();
    let mut registration = app(required_access());
    registration.certificates = vec![ClientCertificate {
        pem: certificate.pem(),
    }];
    let client = directory.put_app(registration);
    directory
        .grant_admin_consent("contoso.example", client, None)
        .unwrap();
    let sha256 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate.der());
    let told = json!({
        "url": simulator.url().as_str().replace("127.0.0.1", "localhost"),
        "ca": simulator.ca_file(),
        "tenant": tenant,
        "client_id": client,
        "secret": SECRET,
        "private_key": pair.serialize_pem(),
        "certificate": certificate.pem(),
        "thumbprint_sha256": hex::encode(sha256),
        "redirect_uri": REDIRECT,
        "upn": ADMIN,
    });
    (simulator, told)
}

/// Run `command` with `input` and read the JSON object it prints.
async fn run(mut command: Command, input: Value) -> Value {
    let work = tokio::task::spawn_blocking(move || {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{command:?} did not start: {e}"));
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.to_string().as_bytes()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {errors}");
        serde_json::from_slice(&output.stdout).unwrap()
    });
    tokio::time::timeout(Duration::from_mins(2), work)
        .await
        .expect("the client comes to an end")
        .unwrap()
}

#[tokio::test]
async fn msal_for_python() {
    let (simulator, told) = world("msal-python").await;
    let tenant = told["tenant"].clone();
    let mut command = Command::new("python3");
    command
        .arg(Path::new(CLIENTS).join("msal_client.py"))
        .env("PYTHONPATH", packages::pip("clients"))
        // `requests` would prefer these to the CA that MSAL is given.
        .env_remove("REQUESTS_CA_BUNDLE")
        .env_remove("CURL_CA_BUNDLE")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let seen = run(command, told).await;

    for flow in [
        "device_code",
        "cached",
        "silent",
        "other_resource",
        "secret",
        "certificate",
        "code",
        "code_silent",
    ] {
        assert_eq!(seen[flow]["access_token"], true, "{flow}: {seen:#}");
    }
    assert_eq!(seen["account"], ADMIN);
    assert_eq!(seen["cached"]["token_source"], "cache");
    assert_eq!(seen["silent"]["token_source"], "identity_provider");
    assert_eq!(seen["code"]["claims"]["tid"], tenant);
    assert_eq!(seen["killed"]["error"], "invalid_grant");
    assert_eq!(seen["killed"]["error_codes"], json!([50173]));
    assert_eq!(seen["wrong_secret"]["error"], "invalid_client");
    assert_eq!(seen["wrong_secret"]["error_codes"], json!([7_000_215]));
    assert_eq!(seen["declined"]["error"], "authorization_declined");
    simulator.shutdown().await;
}

#[tokio::test]
async fn msal_for_node() {
    let (simulator, told) = world("msal-node").await;
    let tenant = told["tenant"].clone();
    let mut command = Command::new("node");
    command
        .arg(Path::new(CLIENTS).join("msal_client.cjs"))
        .env("NODE_PATH", packages::npm("clients"))
        .env("NODE_EXTRA_CA_CERTS", simulator.ca_file().unwrap());
    let seen = run(command, told).await;

    for flow in [
        "device_code",
        "cached",
        "silent",
        "secret",
        "certificate",
        "code",
    ] {
        assert_eq!(seen[flow]["access_token"], true, "{flow}: {seen:#}");
    }
    assert_eq!(seen["device_code"]["username"], ADMIN);
    assert_eq!(seen["device_code"]["tenant"], tenant);
    assert_eq!(seen["cached"]["from_cache"], true);
    assert_eq!(seen["silent"]["from_cache"], false);
    assert_eq!(seen["killed"]["interaction"], true, "{seen:#}");
    assert_eq!(seen["killed"]["suberror"], "bad_token");
    assert_eq!(seen["wrong_secret"]["server"], true, "{seen:#}");
    assert_eq!(seen["wrong_secret"]["error"], "invalid_client");
    let declined = seen["declined"]["message"].as_str().unwrap();
    assert!(declined.contains("authorization_declined"), "{seen:#}");
    simulator.shutdown().await;
}
