#!/usr/bin/env bash
# Installs what a bare Debian or Ubuntu lacks, and nothing that is there already.
#   install.sh run     to build and run the demo
#   install.sh test    to run every test (browser, Python and Node.js clients)
#   install.sh faults  to run the fault campaign (clock steps of whole processes)
#   install.sh scanners  to let wapiti and sqlmap look at a demo
#   install.sh check   to run format, lint, documentation and dependency checks
set -euo pipefail
want=${1:-run}

command -v cargo >/dev/null || { echo "Rust is missing: install it with rustup (https://rustup.rs), then run this again." >&2; exit 1; }

packages=()
need() { # need PACKAGE PATH-OR-COMMAND: ask for the package unless the thing it brings is there
  case $2 in
    /*) compgen -G "$2" >/dev/null || packages+=("$1") ;;
    *) command -v "$2" >/dev/null || packages+=("$1") ;;
  esac
}
need gcc cc
need make make
need ca-certificates /etc/ssl/certs/ca-certificates.crt
need postgresql '/usr/lib/postgresql/*/bin/initdb'
if [ "$want" = faults ]; then
  need libfaketime '/usr/lib/*/faketime/libfaketime.so.1'
fi
if [ "$want" = scanners ]; then
  need wapiti wapiti
  need sqlmap sqlmap
  need nginx-light /usr/sbin/nginx
  need openssl openssl
  need python3 python3
fi
if [ "$want" = test ]; then
  need chromium chromium
  need chromium-driver chromedriver
  need fonts-dejavu-core '/usr/share/fonts/truetype/dejavu/*'
  need python3 python3
  need python3-pip '/usr/lib/python3/dist-packages/pip'
  need nodejs node
  need npm npm
  need systemd systemd-analyze
fi

if [ ${#packages[@]} -gt 0 ]; then
  command -v apt-get >/dev/null || { echo "Install these first: ${packages[*]}" >&2; exit 1; }
  root=(); [ "$(id -u)" -eq 0 ] || root=(sudo)
  # Debian's postgresql package would start a server of its own; ours is private and this one is not wanted.
  "${root[@]}" mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' | "${root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
  # Nor does anybody want a web server of the system's on port 80 because the scanners need the program.
  masked=
  case " ${packages[*]} " in
    *" nginx-light "*) masked=/etc/systemd/system/nginx.service; "${root[@]}" mkdir -p "${masked%/*}"; "${root[@]}" ln -sf /dev/null "$masked" ;;
  esac
  "${root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}"
  [ -z "$masked" ] || { "${root[@]}" rm "$masked"; "${root[@]}" systemctl disable nginx 2>/dev/null || true; }
fi

if [ "$want" = check ]; then
  command -v cargo-fmt >/dev/null && command -v cargo-clippy >/dev/null || rustup component add rustfmt clippy
  command -v cargo-deny >/dev/null || cargo install --locked --quiet cargo-deny
fi
