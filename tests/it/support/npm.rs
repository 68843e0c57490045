//! Packages of npm, installed once per content of their lock file.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// One installs, the others wait and find it there.
static INSTALLING: Mutex<()> = Mutex::new(());

/// Where the packages of `tests/{name}/package-lock.json` are: its `node_modules`.
pub fn modules(name: &str) -> PathBuf {
    let _alone = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let from = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(name);
    let wanted = std::fs::read_to_string(from.join("package-lock.json")).unwrap();
    let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("npm-{name}"));
    let mark = place.join("installed-from");
    if std::fs::read_to_string(&mark).is_ok_and(|have| have == wanted) {
        return place.join("node_modules");
    }
    drop(std::fs::remove_dir_all(&place));
    std::fs::create_dir_all(&place).unwrap();
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(from.join(file), place.join(file)).unwrap();
    }
    let output = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
        .current_dir(&place)
        .output()
        .expect("npm starts: make test installs it");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "npm: {errors}");
    std::fs::write(mark, wanted).unwrap();
    place.join("node_modules")
}
