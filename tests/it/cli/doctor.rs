//! `tenantry doctor`: a line for each setting that can be wrong.

use crate::support::program::{Run, run, tenantry};
use crate::support::scratch::Scratch;

/// With these settings; whatever else is asked for answers nowhere.
fn doctor(settings: &[(&str, &str)]) -> Run {
    let mut doctor = tenantry();
    doctor
        .arg("doctor")
        .env("TENANTRY_DATA_DIR", "/nonexistent")
        .env("TENANTRY_ENTRA__AUTHORITY", "http://127.0.0.1:1")
        .env(
            "TENANTRY_DATABASE__MIGRATE_URL",
            "postgres://m@127.0.0.1:1/d",
        );
    for (name, value) in settings {
        doctor.env(name, value);
    }
    run(&mut doctor)
}

fn line(run: &Run, what: &str) -> String {
    let found = run.out.lines().find(|line| line.contains(what));
    found
        .unwrap_or_else(|| panic!("{what}: {} {}", run.out, run.err))
        .to_owned()
}

#[test]
fn doctor_reads_the_list_of_breached_passwords() {
    const FILE: &str = "TENANTRY_LOGIN__BREACHED_PASSWORDS_FILE";
    let ours = line(&doctor(&[]), "breached passwords");
    assert!(ours.starts_with("ok    ") && ours.ends_with(" in the list of the program"));

    let dir = Scratch::new();
    let list = dir.file("breached.txt", "# ours\nharbourline\nhunter2\n");
    let read = doctor(&[(FILE, list.to_str().unwrap())]);
    assert_eq!(
        line(&read, "breached passwords"),
        format!("ok    breached passwords: 2 in {}", list.display())
    );

    let empty = dir.file("empty.txt", "# nothing\n");
    let refused = doctor(&[(FILE, empty.to_str().unwrap())]);
    assert!(line(&refused, "breached passwords").starts_with("FAIL  "));
    assert_ne!(refused.code, 0);
}

#[test]
fn doctor_asks_the_provider_of_single_sign_on() {
    let without = line(&doctor(&[]), "single sign-on");
    assert!(without.starts_with("-     "), "{without}");

    let away = doctor(&[
        ("TENANTRY_SSO__ISSUER", "http://127.0.0.1:1/"),
        ("TENANTRY_SSO__NAME", "Harbourline login"),
        ("TENANTRY_SSO__CLIENT_ID", "tenantry"),
    ]);
    let line = line(&away, "single sign-on");
    assert!(line.starts_with("FAIL  single sign-on: "), "{line}");
    assert!(line.contains("http://127.0.0.1:1"), "{line}");
}
