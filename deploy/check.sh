#!/usr/bin/env bash
# The test command, the same at home and in CI: form, types, imports, then every test. Any failure stops it.
set -euo pipefail
cd "$(dirname "$0")/.."
started=$(date +%s)
export PATH="$PWD/.venv/bin:$PATH"
step() { printf '\n== %s\n' "$*"; }

step "Form and lint"
ruff format --check .
ruff check .
step "Types"
mypy
step "Imports"
lint-imports
step "Pages: types, form, unit tests, budget"
npm --prefix web/ui run --silent check
step "Tests"
pytest -q "$@"
printf '\nmake test: %s s\n' "$(( $(date +%s) - started ))"
