//! Any bytes are an error that somebody pasted: reading, deciding and masking end, and say something.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tenantry::domain::diagnosis::{Facts, decide, mask, read};

fuzz_target!(|raw: &[u8]| {
    let reading = read(raw);
    let diagnosis = decide(&reading, &Facts::default());
    assert!(!diagnosis.headline.is_empty());
    assert!(!diagnosis.remedy.is_empty());
    assert!(!diagnosis.evidence.is_empty());
    mask(&reading.message);
});
