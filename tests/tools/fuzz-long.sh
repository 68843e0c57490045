#!/bin/sh
# Coverage-guided fuzzing of every reader of strangers' bytes, SECONDS_EACH of it (default 600). With cargo-fuzz and a compiler
# that takes its flags: a nightly one, or the installed stable one told to behave as such. Without cargo-fuzz the readers get
# a million mutated inputs each instead, and it is said so.
set -eu
cd "$(dirname "$0")/../.."
each="${SECONDS_EACH:-600}"
if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "cargo-fuzz is not installed (cargo install cargo-fuzz --locked): mutated inputs without coverage instead"
    FUZZ_ARGS="--inputs 1000000 --seed $(date +%s)" exec cargo test --locked --release --features faults --test fuzz -- --nocapture
fi
rustc --version | grep -q nightly || export RUSTC_BOOTSTRAP=1
for target in fuzz/fuzz_targets/*.rs; do
    name="$(basename "$target" .rs)"
    echo "== $name"
    cargo fuzz run "$name" -- -max_total_time="$each" -max_len=65536 -rss_limit_mb=2048
done
