//! The program as a person runs it: its own process, its output, its exit code.

use std::path::Path;
use std::process::{Command, Stdio};

/// What a run left behind.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// `tenantry`, without any setting of the environment that runs the tests.
pub fn tenantry() -> Command {
    clean(Command::new(env!("CARGO_BIN_EXE_tenantry")))
}

/// A copy of the program at `path`, for system users who cannot reach the build directory.
pub fn tenantry_copied_to(path: &Path) -> Command {
    let program = env!("CARGO_BIN_EXE_tenantry");
    if !path.exists() && std::fs::hard_link(program, path).is_err() {
        std::fs::copy(program, path).expect("the program can be copied");
    }
    clean(Command::new(path))
}

fn clean(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TENANTRY_") && name != "TENANTRY_PG_BIN" {
            command.env_remove(name);
        }
    }
    command
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null());
    command
}

/// Run to the end.
pub fn run(command: &mut Command) -> Run {
    let output = command.output().expect("the program can be started");
    Run {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
