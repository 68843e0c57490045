#!/usr/bin/env bash
# Lets Lighthouse look at status, errors, operations and the onboarding page of a demo of its own; fails below 95.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d); chmod 755 "$work"
cleanup() { [ -z "${demo:-}" ] || { kill "$demo" && wait "$demo"; } 2>/dev/null || true; rm -rf "$work"; }
trap cleanup EXIT

cp tests/lighthouse/* "$work"
(cd "$work" && npm ci --no-audit --no-fund --ignore-scripts >/dev/null)
cargo build --locked --release
"${CARGO_TARGET_DIR:-target}/release/tenantry" demo --fresh --json --data-dir "$work/demo" --listen 127.0.0.1:8280 \
  --ops-listen 127.0.0.1:8281 --simulator-listen 127.0.0.1:8282 >"$work/demo.json" &
demo=$!
for _ in $(seq 300); do [ -s "$work/demo.json" ] && break; kill -0 "$demo"; sleep 0.2; done
node "$work/run.mjs" "$work/demo.json" "$(command -v chromium)"
