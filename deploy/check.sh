#!/usr/bin/env bash
# The test command, the same at home and in CI: form, types, imports, then every test; with `clips FOLDER`, the tests of
# real clips alone. Every step ends with a line of its own, and one that fails hides none of those after it.
set -uo pipefail
cd "$(dirname "$0")/.."
# Nothing of the caller's shell or home reaches a test; tests/environment.py says what does.
if [ "${1:-}" != in-clean-environment ]; then
  # Python reads the paths in its .pth files in the language of the caller: one without accents cannot be.
  exec env LC_ALL=C.UTF-8 .venv/bin/python -I tests/environment.py bash deploy/check.sh in-clean-environment "$@"
fi
shift
told=$GUET_TEST_RUN/told
mkdir -p "$told"
failed=0

head() { printf '\n== %s\n' "$*"; }
tell() { printf '%s\n' "$1" | tee -a "$told/lines"; }

# A step without tests: its name, then the command.
check() {
  local name=$1 begun=$SECONDS said=passed
  shift
  head "$name"
  "$@" || { said=FAILED; failed=1; }
  tell "$name: $said, $((SECONDS - begun)) s"
}

# A step of tests: its name, then what pytest is given.
run_tests() {
  local name=$1
  shift
  python -m pytest -q -m "$marked" --junitxml="$told/$name.xml" "$@"
}
close() {
  local line
  line=$(python -m tests.step_line "$1" "$2" "$told/$1.xml") || failed=1
  tell "$line"
}
tests() {
  head "$1: $2"
  run_tests "$1" "${@:3}"
  close "$1" $?
}

finish() {
  printf '\n== %s\n' "$1"
  cat "$told/lines"
  printf '%s: %s, %s s\n' "$1" "$(python -m tests.step_line --all "$told"/*.xml)" "$SECONDS"
  exit "$failed"
}

if [ "${1:-}" = clips ]; then
  if [ -z "${2:-}" ]; then
    echo "make test-clips: no clips named. VMS_FOOTAGE=FOLDER names a folder of MP4 files."
    exit 0
  fi
  marked=clips
  tests clips "parsers, masker, sealing and export over real clips" -n 2 --dist loadfile --clips "$2" \
    tests/unit tests/integration
  finish "make test-clips"
fi

marked="not clips"
form() { ruff format --check . && ruff check .; }
check form form
check imports lint-imports
npm --prefix web/ui run --silent check >"$told/pages" 2>&1 &
pages=$!
check types mypy
check "pages (types, form, unit tests, budget; beside the types)" wait "$pages"
if grep -q '^pages.*FAILED' "$told/lines"; then cat "$told/pages"; else tail -12 "$told/pages"; fi
tests units "tests without processes of their own, on both cores" -n 2 \
  tests/house tests/unit tests/property tests/golden tests/fuzz
# A file at a time, three at once: they often wait.
tests contract "tests of protocols" -n 3 --dist loadfile --durations=10 tests/contract
tests integration "tests of single processes" -n 3 --dist loadfile --durations=10 tests/integration
# GStreamer's streams, a due date, damaged stores, a full volume, a story need little but time: beside the browser.
patient=(tests/system/test_{gstreamer,due,damage,odd_stores,disk_full,story}.py)
run_tests patient "${patient[@]}" >"$told/beside" 2>&1 &
beside=$!
tests browser "tests in the browser; beside them the patient ones" --durations=10 tests/browser
head "patient: streams, a due date, damaged stores, a full volume, a story"
wait "$beside"
ended=$?
if [ "$ended" = 0 ]; then tail -1 "$told/beside"; else cat "$told/beside"; fi
close patient "$ended"
tests system "tests of whole machines, one after another" --durations=15 tests/system "${patient[@]/#/--ignore=}"
finish "make test"
