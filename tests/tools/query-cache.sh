#!/usr/bin/env bash
# Makes .sqlx, the committed cache by which checked queries build without a server. With --check fails when it is stale, and lints:
# one compilation serves both.
set -euo pipefail
cd "$(dirname "$0")/../.."

bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || { echo "No Postgres under /usr/lib/postgresql: run tests/tools/install.sh first." >&2; exit 1; }
dir=$(mktemp -d)
as=()
if [ "$(id -u)" -eq 0 ]; then # the server refuses to run as root
  chown postgres "$dir"
  as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
fi
stop() { (cd "$dir" && "${as[@]}" "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1) || true; rm -rf "$dir"; }
trap stop EXIT
(cd "$dir" && "${as[@]}" "$bin/initdb" -D "$dir/data" -U cache --auth=trust -E UTF8 --locale=C.UTF-8 >/dev/null)
(cd "$dir" && "${as[@]}" "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w start \
  -o "-k $dir -c listen_addresses='' -c fsync=off" >/dev/null)
for file in migrations/*.up.sql; do
  PGOPTIONS="-c client_min_messages=warning" psql -q -h "$dir" -U cache -d postgres -v ON_ERROR_STOP=1 -1 -f "$file" >/dev/null
done

out=$(mktemp -d)
touch src/lib.rs
export DATABASE_URL="postgres://cache@localhost/postgres?host=$dir" SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$out"
if [ "${1:-}" = --check ]; then
  cargo clippy --locked --all-targets --features faults -- -D warnings
  diff -r "$out" .sqlx || { echo "The query cache is stale: run tests/tools/query-cache.sh and commit .sqlx." >&2; exit 1; }
  echo "query cache: fresh ($(find .sqlx -name '*.json' | wc -l) queries)"
else
  cargo check --quiet --locked --all-targets --features faults
  rm -rf .sqlx && mv "$out" .sqlx && chmod 755 .sqlx
fi
