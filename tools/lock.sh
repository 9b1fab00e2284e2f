#!/usr/bin/env bash
# Compiles the lock files. They hold versions and hashes and name no registry host (docs/adr/0003), so that a mirror
# serves as well as the original. Options go to uv (--upgrade, --upgrade-package NAME).
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$PWD/.venv/bin

compile() {
  "$bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header "$@"
}

compile pyproject.toml -o requirements/run.lock "$@"
compile pyproject.toml --group dev -o requirements/dev.lock "$@"
# What must be there before all else: uv, and the back end that builds the project; agreeing with dev.lock.
compile requirements/bootstrap.in -c requirements/dev.lock -o requirements/bootstrap.lock "$@"

if [ -f package.json ]; then
  "$bin/npm" install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved --no-update-notifier --no-audit --no-fund --loglevel=error
fi
"$bin/python" -m tools.house --only hosts requirements package-lock.json
