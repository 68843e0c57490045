//! What settings mean when they are right.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use secrecy::ExposeSecret;
use tenantry::config::{Config, SecretFileError, SmtpTls};

use crate::support::scratch::Scratch;

#[test]
fn without_any_setting_everything_has_a_sensible_value() {
    let config = Config::from_pairs([]).unwrap();
    assert_eq!(config.base_url.as_str(), "http://localhost:8080/");
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(
        config.entra.authority.as_str(),
        "https://login.microsoftonline.com/"
    );
    assert_eq!(
        config.entra.graph_url.as_str(),
        "https://graph.microsoft.com/"
    );
    assert!(config.smtp.is_none());
    assert!(config.uses_private_postgres());
    assert_eq!(
        config.master_key_file.path(),
        config.data_dir.join("master.key")
    );
}

#[test]
fn an_empty_value_is_no_value() {
    let config = Config::from_pairs([("database.web_url", ""), ("smtp.host", " ")]).unwrap();
    assert!(config.uses_private_postgres());
    assert!(config.smtp.is_none());
}

#[test]
fn the_audit_log_is_kept_four_hundred_days_and_never_less_than_ninety() {
    let config = Config::from_pairs([]).unwrap();
    assert_eq!(config.audit.keep_days, 400);
    assert_eq!(config.audit.checkpoint_file, None);
    let pairs = [
        ("audit.keep_days", "90"),
        ("audit.checkpoint_file", "/var/log/c.jsonl"),
    ];
    let config = Config::from_pairs(pairs).unwrap();
    assert_eq!(config.audit.keep_days, 90);
    assert_eq!(
        config.audit.checkpoint_file.as_deref(),
        Some(Path::new("/var/log/c.jsonl"))
    );
    for wrong in ["89", "4000", "forever", "-1"] {
        assert!(
            Config::from_pairs([("audit.keep_days", wrong)]).is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn given_values_are_used() {
    let config = Config::from_pairs([
        ("data_dir", "/srv/tenantry"),
        ("database.web_url", "postgres://portal_web:a@db/t"),
        ("database.keeper_url", "postgres://portal_keeper:b@db/t"),
        ("smtp.host", "mail.msp.example"),
        ("smtp.from", "Service desk <desk@msp.example>"),
        ("smtp.tls", "implicit"),
        ("trusted_proxies", "10.0.0.0/8, 192.0.2.1"),
        ("entra.authority", "http://127.0.0.1:9000"),
        ("msp.name", "Nordwind IT"),
    ])
    .unwrap();
    assert_eq!(
        config.master_key_file.path(),
        Path::new("/srv/tenantry/master.key")
    );
    let smtp = config.smtp.as_ref().unwrap();
    assert_eq!((smtp.port, smtp.tls), (465, SmtpTls::Implicit));
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.msp.legal_name, "Nordwind IT");
    assert!(!config.uses_private_postgres());
    assert!(!format!("{config:?}").contains("portal_web:a"));
    config.check_for_serving().unwrap();
}

#[test]
fn serving_needs_to_know_who_invites() {
    let config = Config::from_pairs([]).unwrap();
    let error = config.check_for_serving().unwrap_err();
    assert!(
        error.to_string().contains("`msp.name` is missing"),
        "{error}"
    );
}

#[test]
fn a_secret_is_read_only_from_a_file_that_is_nobody_elses_business() {
    let scratch = Scratch::new();
    let path = scratch.file("client.secret", "s3cr3t\n");
    let config = Config::from_pairs([
        ("entra.client_id", "7f1f4e0e-7d0c-4f5e-9a53-3b2f6c9d1a10"),
        ("entra.client_secret_file", path.to_str().unwrap()),
    ])
    .unwrap();
    let file = config.entra.client_secret_file.as_ref().unwrap();
    assert_eq!(file.read().unwrap().expose_secret(), "s3cr3t");

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = file.read().unwrap_err();
    assert!(
        matches!(error, SecretFileError::Open { mode: 0o644, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("chmod 0400"), "{error}");

    std::fs::remove_file(&path).unwrap();
    let error = file.read().unwrap_err();
    assert!(
        error.to_string().contains("`entra.client_secret_file`"),
        "{error}"
    );
}

#[test]
fn an_empty_secret_is_no_secret() {
    let scratch = Scratch::new();
    let path = scratch.file("empty", "\n");
    let config = Config::from_pairs([("master_key_file", path.to_str().unwrap())]).unwrap();
    assert!(matches!(
        config.master_key_file.read(),
        Err(SecretFileError::Content { what: "empty", .. })
    ));
}

#[test]
fn invitations_are_as_careful_as_the_settings_say() {
    let config = Config::from_pairs([]).unwrap();
    assert!(!config.invitations.pin && !config.invitations.hold);
    assert!(config.msp.egress_addresses.is_empty());
    let config = Config::from_pairs([
        ("invitations.pin", "true"),
        ("invitations.hold", "true"),
        ("msp.egress_addresses", "192.0.2.1, 2001:db8::/64"),
    ])
    .unwrap();
    assert!(config.invitations.pin && config.invitations.hold);
    assert_eq!(config.msp.egress_addresses, ["192.0.2.1", "2001:db8::/64"]);
    for (name, wrong) in [
        ("invitations.pin", "perhaps"),
        ("msp.egress_addresses", "our-office"),
    ] {
        let error = Config::from_pairs([(name, wrong)]).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn limits_have_the_documented_values_and_are_raised_by_name() {
    let usual = Config::from_pairs([]).unwrap().limits;
    assert_eq!(
        (usual.connections, usual.live_streams, usual.requests),
        (1_024, 2_000, 256)
    );
    assert_eq!(
        (usual.body, usual.headers, usual.address),
        (64 * 1024, 16 * 1024, 4 * 1024)
    );
    let raised = [("limits.connections", "4000"), ("limits.body_kib", "128")];
    let raised = Config::from_pairs(raised).unwrap().limits;
    assert_eq!((raised.connections, raised.body), (4_000, 128 * 1024));
    for (name, value) in [
        ("limits.connections", "0"),
        ("limits.requests_in_work", "many"),
        ("limits.body_kib", "4096"),
        ("visits.minutes", "0"),
        ("visits.minutes", "1000"),
    ] {
        assert!(
            Config::from_pairs([(name, value)]).is_err(),
            "{name} {value}"
        );
    }
    let visits = Config::from_pairs([("visits.minutes", "15")]).unwrap();
    assert_eq!(visits.visit, time::Duration::minutes(15));
    assert_eq!(
        Config::from_pairs([]).unwrap().visit,
        time::Duration::hours(1)
    );
}
