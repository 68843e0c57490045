//! One portal per data directory.

use tenantry::storage::{InstanceLock, InstanceLockError};

use crate::support::scratch::Scratch;

#[test]
fn a_second_portal_is_refused_until_the_first_is_gone() {
    let scratch = Scratch::new();
    let dir = scratch.path().join("data directory");
    let first = InstanceLock::take(&dir).unwrap();

    let refused = InstanceLock::take(&dir).unwrap_err();
    let text = refused.to_string();
    assert!(
        matches!(refused, InstanceLockError::Held { holder, .. } if holder == Some(std::process::id())),
        "{text}"
    );
    assert!(
        text.contains("data directory") && text.contains("--data-dir"),
        "{text}"
    );

    drop(first);
    InstanceLock::take(&dir).unwrap();
}
