#!/usr/bin/env bash
# The test command, the same at home and in CI: form, types, imports, then every test. Any failure stops it.
set -euo pipefail
cd "$(dirname "$0")/.."
started=$(date +%s)
export PATH="$PWD/.venv/bin:$PATH"
step() { printf '\n== %s\n' "$*"; }

told=$(mktemp -d)
trap 'rm -rf "$told"' EXIT
step "Form and lint"
ruff format --check .
ruff check .
step "Imports"
lint-imports
step "Types; beside them the pages: types, form, unit tests, budget"
npm --prefix web/ui run --silent check >"$told/pages" 2>&1 &
checking=$!
mypy
wait "$checking" || { cat "$told/pages"; exit 1; }
tail -12 "$told/pages"
step "Tests without processes of their own, on both cores"
python -m pytest -q -n 2 tests/house tests/unit tests/property tests/golden tests/fuzz
step "Tests of protocols and of single processes, a file at a time; three at once, since they often wait"
python -m pytest -q -n 3 --dist loadfile --durations=10 tests/contract tests/integration
step "Tests in the browser; beside them GStreamer's streams, a due date, damaged stores, a full volume, a story"
# These need little but time.
patient=(tests/system/test_{gstreamer,due,damage,odd_stores,disk_full,story}.py)
python -m pytest -q "${patient[@]}" >"$told/beside" 2>&1 &
streams=$!
browser=0
python -m pytest -q --durations=10 tests/browser || browser=$?
wait "$streams" || { cat "$told/beside"; exit 1; }
tail -1 "$told/beside"
[ "$browser" = 0 ] || exit "$browser"
step "Tests of whole machines, one after another"
python -m pytest -q --durations=15 tests/system "${patient[@]/#/--ignore=}"
printf '\nmake test: %s s\n' "$(( $(date +%s) - started ))"
