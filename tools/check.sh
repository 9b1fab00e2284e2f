#!/usr/bin/env bash
# All checks that run no test, each to its end, whatever the others say. Code 1 if one found something.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=()

check() {
  local name=$1 began=$SECONDS
  shift
  if output=$("$@" 2>&1); then
    printf '%-12s ok    %3d s  %s\n' "$name" $((SECONDS - began)) "$(tail -n 1 <<<"$output")"
  else
    failed+=("$name")
    printf '%-12s FAILED %2d s\n%s\n\n' "$name" $((SECONDS - began)) "$output"
  fi
}

check lint ruff check .
check format ruff format --check --quiet .
check types mypy
check imports lint-imports --no-logo
check house python -m tools.house
[ ! -f package.json ] || check typescript npm run --silent check
# Tests draw pages with the built files; where they were never built, this is the time.
[ -f src/tieline/console/assets/built/manifest.json ] || [ ! -f package.json ] || check console npm run --silent build

[ ${#failed[@]} = 0 ] || printf 'Failed: %s\n' "${failed[*]}"
[ ${#failed[@]} = 0 ]
