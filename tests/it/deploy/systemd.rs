//! The units: systemd itself finds nothing wrong with them, rates their exposure within the target, and each promise of the
//! documentation is a line of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::scratch::Scratch;

const UNITS: [&str; 3] = ["tenantry-keeper", "tenantry-portal", "tenantry-migrate"];
/// Tenths of systemd's scale from 0 to 10; the target of docs/deploy/systemd.md.
const MOST_EXPOSED: &str = "15";

fn source(file: &str) -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/deploy/systemd");
    fs::read_to_string(dir.join(file)).unwrap()
}

/// The unit where systemd finds the program that these tests run.
fn installed(dir: &Scratch, unit: &str) -> PathBuf {
    let text = source(&format!("{unit}.service"));
    let program = env!("CARGO_BIN_EXE_tenantry");
    assert!(
        text.contains("ExecStart=/usr/local/bin/tenantry "),
        "{unit}"
    );
    let text = text.replace("/usr/local/bin/tenantry", program);
    dir.file(&format!("{unit}.service"), &text)
}

fn analyze(arguments: &[&str], unit: &Path) -> (bool, String) {
    let output = Command::new("systemd-analyze")
        .args(arguments)
        .arg(unit)
        .output()
        .expect("systemd-analyze is missing: `make test` installs it");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    let dir = Scratch::new();
    for unit in UNITS {
        let path = installed(&dir, unit);
        let (fine, said) = analyze(&["verify", "--man=no"], &path);
        let ours: Vec<&str> = said
            .lines()
            .filter(|line| line.contains("tenantry"))
            .collect();
        assert!(fine && ours.is_empty(), "{unit}: {said}");
    }
    let wrong = dir.file(
        "wrong.service",
        "[Service]\nExecStart=/bin/true\nProtectSistem=strict\n",
    );
    let (_, said) = analyze(&["verify", "--man=no"], &wrong);
    assert!(said.contains("ProtectSistem"), "it would say so: {said}");
}

#[test]
fn their_exposure_is_within_the_target() {
    let dir = Scratch::new();
    for unit in UNITS {
        let path = installed(&dir, unit);
        let threshold = format!("--threshold={MOST_EXPOSED}");
        let (fine, said) = analyze(
            &["security", "--offline=true", "--no-pager", &threshold],
            &path,
        );
        assert!(fine, "{unit}: {said}");
    }
}

fn lines(file: &str) -> BTreeSet<String> {
    source(file)
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn portal_and_keeper_are_two_users_and_give_up_what_they_do_not_need() {
    let (keeper, portal) = (
        lines("tenantry-keeper.service"),
        lines("tenantry-portal.service"),
    );
    assert!(keeper.contains("User=tenantry-keeper"));
    assert!(portal.contains("User=tenantry-portal"));
    for unit in [&keeper, &portal] {
        for line in [
            "NoNewPrivileges=yes",
            "ProtectSystem=strict",
            "MemoryDenyWriteExecute=yes",
            "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
            "SystemCallFilter=@system-service",
            "LimitCORE=0",
            "MemorySwapMax=0",
            "CapabilityBoundingSet=",
        ] {
            assert!(unit.contains(line), "{line}");
        }
        assert!(unit.iter().any(|line| line.starts_with("LoadCredential=")));
        let tells = |line: &&String| {
            line.starts_with("Environment=") && !line.ends_with("=%d/tenantry.toml")
        };
        assert_eq!(
            unit.iter().find(tells),
            None,
            "no secret in the environment"
        );
    }
    let key = |line: &&String| line.contains("master.key") || line.contains("client-secret");
    assert_eq!(portal.iter().find(key), None, "the portal gets no key");
    assert_eq!(keeper.iter().filter(key).count(), 2);
}
