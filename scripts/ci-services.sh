#!/usr/bin/env bash
# What some tests need beside Python: a PostgreSQL server and a Java runtime.  Installs what is missing on Debian, as root; says so
# and goes on where it cannot.  The tests start and stop their own server, and skip with a message where there is none.
set -uo pipefail

have_postgresql() {
  { command -v initdb && command -v postgres; } > /dev/null 2>&1 && return 0
  compgen -G "/usr/lib/postgresql/*/bin/initdb" > /dev/null
}

missing=()
have_postgresql || missing+=(postgresql)
command -v java > /dev/null 2>&1 || missing+=(default-jre-headless)
[ "${#missing[@]}" -eq 0 ] && exit 0

cannot() {
  echo "ci-services: ${missing[*]} not installed ($1): the tests that need it are skipped" >&2
  exit 0
}

[ "$(id -u)" -eq 0 ] || cannot "not root"
command -v apt-get > /dev/null 2>&1 || cannot "no apt-get"
export DEBIAN_FRONTEND=noninteractive
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
echo "ci-services: installing ${missing[*]}" >&2
if ! { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } > "$log" 2>&1; then
  tail -5 "$log" >&2
  cannot "apt-get failed"
fi
