//! `tenantry::fuzzing`, reader "tenant_file".
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tenantry::fuzzing::{Target, target};

static READER: LazyLock<Target> = LazyLock::new(|| target("tenant_file").expect("a reader of this name"));

fuzz_target!(|raw: &[u8]| (READER.run)(raw));
