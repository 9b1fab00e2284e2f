#!/usr/bin/env bash
# Sets up one stage: packages | project | node | console. The Makefile calls it when the stage is out of date.
# Needs python3 >= 3.11 with venv, and a package index; everything else comes by the lock files.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
bin=$PWD/.venv/bin

# Whom the machine trusts, uv and npm trust too: an index may stand behind a certificate of one's own.
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}" NODE_USE_SYSTEM_CA="${NODE_USE_SYSTEM_CA:-1}"

say() { printf '%s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

# uv reads neither pip's configuration nor its variables; take from them what uv has not been told itself.
take_over_pip_settings() {
  local index extra links certificate
  setting() { "$bin/pip" config get "global.$1" 2>/dev/null || true; }
  index=${PIP_INDEX_URL:-$(setting index-url)}
  extra=${PIP_EXTRA_INDEX_URL:-$(setting extra-index-url)}
  links=${PIP_FIND_LINKS:-$(setting find-links)}
  certificate=${PIP_CERT:-$(setting cert)}
  [ -z "$index" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
  # To pip all indexes are equal. With every file pinned by its hash, that is safe with uv too.
  [ -z "$extra" ] || export UV_INDEX="${UV_INDEX:-$extra}" UV_INDEX_STRATEGY="${UV_INDEX_STRATEGY:-unsafe-best-match}"
  [ -z "$links" ] || export UV_FIND_LINKS="${UV_FIND_LINKS:-$(tr ' ' ',' <<<"$links")}"
  [ -z "$certificate" ] || export SSL_CERT_FILE="${SSL_CERT_FILE:-$certificate}"
}

uv() {
  take_over_pip_settings
  VIRTUAL_ENV=$PWD/.venv "$bin/uv" --quiet --no-config "$@"
}

packages() {
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Tieline needs Python 3.11 or newer; $python is $("$python" -V 2>&1). Name another with PYTHON=..."
  if [ ! -x "$bin/pip" ]; then
    say "Making the virtual environment .venv ..."
    "$python" -m venv .venv || fail "Python's venv module is missing. On Debian: apt-get install python3-venv"
  fi
  if ! "$bin/uv" --version 2>/dev/null | grep -q "^uv $(sed -n 's/^uv==\([0-9.]*\).*/\1/p' requirements/bootstrap.lock)"; then
    say "Installing uv ..."
    "$bin/pip" install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock
  fi
  say "Installing the Python packages of requirements/dev.lock ..."
  uv pip sync --require-hashes requirements/bootstrap.lock requirements/dev.lock
}

project() {
  # The build back end is in bootstrap.lock too, so that nothing is installed that no lock names.
  uv pip install --no-deps --no-build-isolation --editable .
}

node() {
  say "Installing the console's build tools of package-lock.json ..."
  # Scripts of packages are not run: none of ours needs one, and a stranger's shall not run here.
  "$bin/npm" ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >&2
}

console() {
  say "Building the console's files ..."
  "$bin/npm" run --silent build >&2
}

case ${1:-} in
  packages | project | node | console) "$1" ;;
  *) fail "Usage: tools/bootstrap.sh packages|project|node|console" ;;
esac
