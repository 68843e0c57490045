#!/usr/bin/env bash
# Lets wapiti and sqlmap loose on a demo of its own, over TLS, signed in, with the headers a browser sends. Last line:
# `scanners routes=… reached=… share=… wapiti=… sqlmap=… requests=… findings=… explained=… unexplained=…`; fails below nine tenths of the
# changing routes, and with any finding that tests/scanners/explained.txt does not know.
#   scanners.sh [SECONDS]   for each of wapiti's modules and methods (300 unless told); an hour or two in all
# TENANTRY: a program that is built already. PORT: the first of five ports (8290). OUT: where the report is kept.
set -euo pipefail
cd "$(dirname "$0")/../.."
each=${1:-300}
port=${PORT:-8290}
out=${OUT:-${CARGO_TARGET_DIR:-target}/scanners}
here=$PWD/tests/scanners
work=$(mktemp -d); chmod 755 "$work"
running=()
cleanup() {
  [ ${#running[@]} -eq 0 ] || { kill "${running[@]}" && wait "${running[@]}"; } 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

if [ -z "${TENANTRY:-}" ]; then
  cargo build --locked --release
  TENANTRY=${CARGO_TARGET_DIR:-target}/release/tenantry
fi
"$TENANTRY" routes --json >"$work/routes.json"

base=https://localhost:$((port + 3))
direct=https://localhost:$((port + 4))
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
echo 'proxy_set_header Cookie "";' | tee "$work/cookie.conf" >"$work/newcomer.conf"
sed "s#@WORK@#$work#g; s#@PORT@#$port#g; s#@TLS_PORT@#$((port + 3))#g; s#@DIRECT_PORT@#$((port + 4))#g" \
  "$here/nginx.conf" >"$work/nginx.conf"

TENANTRY_LOG__FORMAT=json TENANTRY_LOG__FILTER=info TENANTRY_TRUSTED_PROXIES=127.0.0.1 "$TENANTRY" demo --fresh --json --data-dir "$work/demo" \
  --listen "127.0.0.1:$port" --ops-listen "127.0.0.1:$((port + 1))" --simulator-listen "127.0.0.1:$((port + 2))" \
  --base-url "$base" >"$work/demo.json" 2>"$work/demo.log" &
running+=($!); demo=$!
PATH=$PATH:/usr/sbin nginx -c "$work/nginx.conf" -p "$work" &
running+=($!)
for _ in $(seq 300); do [ -s "$work/demo.json" ] && break; kill -0 "$demo"; sleep 0.5; done

python3 "$here/crawl.py" "$work/demo.json" "$direct" "$work/routes.json" "$work"
/usr/bin/python3 "$here/feed.py" "$work/requests.jsonl" "$base" "$work/wapiti"
python3 "$here/session.py" "$work/demo.json" "$direct" "$work" &
running+=($!)
for _ in $(seq 60); do grep -q sid= "$work/cookie.conf" && break; sleep 1; done

# Left out: what looks for programs of others (nikto, buster, wapp), what needs a server of the scanner's makers to call
# back (ssrf, xxe), and what would brake our own login (brute_login_form).
attack() { # attack post|get|last
  local method=${1/last/post} folder=$work/wapiti modules=
  [ "$1" != last ] || folder+=-last
  for module in backup blindsql crlf exec file htaccess methods permanentxss redirect shellshock sql xss; do modules+=$module:$method,; done
  [ "$method" = post ] || modules+=cookieflags,csp,csrf,http_headers
  wapiti -u "$base/" --scope domain --skip-crawl -m "${modules%,}" --max-attack-time "$each" --verify-ssl 0 -t 30 \
    -H "Sec-Fetch-Site: same-origin" -H "Origin: $base" --store-session "$folder" --no-bugreport \
    -f json -o "$work/wapiti-$1.json" >"$work/wapiti-$1.log" 2>&1
}
# A module would spend all its time on addresses before it came to the first form, so forms go first, by themselves; what
# ends a thing goes when sqlmap is through too.
attack post
attack get
mkdir "$work/sqlmap"
sqlmap -l "$work/sqlmap.log" --batch --ignore-stdin --force-ssl --disable-coloring --dbms=PostgreSQL --level=1 --risk=1 --timeout=30 \
  --retries=1 --output-dir="$work/sqlmap" --results-file="$work/sqlmap/results-1.csv" >"$work/sqlmap.out" 2>&1
attack last

mkdir -p "$out"
status=0
python3 "$here/report.py" "$work" "$work/routes.json" "$here/explained.txt" || status=$?
cp "$work/report.md" "$work"/wapiti-*.json "$work/sqlmap.out" "$out/"
echo "report: $out/report.md" >&2
exit $status
