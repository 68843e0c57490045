//! Packages that others made, installed below Cargo's directory for tests once per content of their list.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Where those of `tests/{name}/package-lock.json` are: its `node_modules`.
pub fn npm(name: &str) -> PathBuf {
    let place = installed(name, "npm", "package-lock.json", |from, place| {
        for file in ["package.json", "package-lock.json"] {
            std::fs::copy(from.join(file), place.join(file)).unwrap();
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
            .current_dir(place);
        npm
    });
    place.join("node_modules")
}

/// Where those of `tests/{name}/requirements.txt` are, for `PYTHONPATH`.
pub fn pip(name: &str) -> PathBuf {
    let place = installed(name, "pip", "requirements.txt", |from, place| {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--target"])
            .arg(place.join("packages"))
            .arg("--requirement")
            .arg(from.join("requirements.txt"));
        pip
    });
    place.join("packages")
}

/// The directory that the command has filled for the present content of the list.
fn installed(
    name: &str,
    by: &str,
    list: &str,
    command: impl FnOnce(&Path, &Path) -> Command,
) -> PathBuf {
    /// One installs, the others wait and find it there.
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _alone = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let from = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(name);
    let wanted = std::fs::read_to_string(from.join(list)).unwrap();
    let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{by}-{name}"));
    let mark = place.join("installed-from");
    if std::fs::read_to_string(&mark).is_ok_and(|have| have == wanted) {
        return place;
    }
    drop(std::fs::remove_dir_all(&place));
    std::fs::create_dir_all(&place).unwrap();
    let mut command = command(&from, &place);
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?} did not start (make test installs it): {error}")
    });
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    std::fs::write(mark, wanted).unwrap();
    place
}
