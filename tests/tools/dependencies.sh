#!/usr/bin/env bash
# Bans, licences and sources always; advisories where their database can be reached.
set -euo pipefail
cd "$(dirname "$0")/../.."
# An exception ends: each names a day, neither past nor more than 30 days ahead.
today=$(date -u +%s)
while read -r line; do
  day=$(sed -n 's/.*look again by \([0-9-]\{10\}\).*/\1/p' <<<"$line")
  [ -n "$day" ] || { echo "deny.toml: an exception without a day: $line" >&2; exit 1; }
  ahead=$((($(date -u -d "$day" +%s) - today) / 86400))
  if [ "$ahead" -lt 0 ] || [ "$ahead" -gt 30 ]; then
    echo "deny.toml: look at this exception again, and name a day within 30 days: $line" >&2
    exit 1
  fi
done < <(grep -E '^ *\{ *id *=' deny.toml)
cargo deny --log-level error check bans licenses sources
if timeout 60 cargo deny --log-level error fetch db >/dev/null 2>&1; then
  cargo deny --log-level error check advisories
else
  echo "advisories not checked: their database cannot be reached from here"
fi
