//! What a process that holds keys gives up: core dumps, and being looked into by other processes of its user.

use std::io;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// No core dump, no `ptrace`, `/proc/PID/{environ,mem,fd}` for root alone (prctl(2), `PR_SET_DUMPABLE`).
pub fn harden() -> io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    Ok(())
}
