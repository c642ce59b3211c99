#!/usr/bin/env bash
# Sets up a fresh machine: environment in .venv with `vms` in it, pages built, system packages there. Run again, it
# does only what has changed. Needs Python 3.11 or newer and nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
started=$(date +%s)
# What is built is the same whatever the caller's language and settings are; settings of package registries hold.
export LC_ALL=C.UTF-8 TZ=UTC
for name in $(compgen -e VMS_ || true); do unset "$name"; done
if ! { mkdir -p "${HOME:=$PWD/.cache}" && [ -w "$HOME" ]; } 2>/dev/null; then
  # The package programs keep their copies at home; where that cannot be written, in the checkout.
  export HOME="$PWD/.cache/home" XDG_CACHE_HOME="$PWD/.cache"
  mkdir -p "$HOME"
fi

say() { printf '%s\n' "$*" >&2; }

find_python() {
  local candidate
  for candidate in python3.11 python3.12 python3.13 python3; do
    if command -v "$candidate" >/dev/null 2>&1 &&
       "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
}

has_headers() {
  "$1" -c 'import os, sysconfig, sys; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' 2>/dev/null
}

# 1. System packages: real browsers, ffmpeg, GStreamer and SoftHSM2 are judges and peers in the tests, the C compiler
# builds the recorder's compiled part; only root can add them.
declare -A needs=(
  [chromium]=chromium [ffmpeg]=ffmpeg [openssl]=openssl [age]=age [cc]=gcc
  [gst-inspect-1.0]=gstreamer1.0-tools [pdftotext]=poppler-utils [mediainfo]=mediainfo [firefox-esr]=firefox-esr
  [softhsm2-util]=softhsm2 [javac]=default-jdk-headless
)
extra=(gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-base gstreamer1.0-plugins-good
       gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly postgresql)
missing=()
for command in "${!needs[@]}"; do
  command -v "$command" >/dev/null 2>&1 || missing+=("${needs[$command]}")
done
if command -v dpkg-query >/dev/null 2>&1; then
  python=$(find_python)
  [ -n "$python" ] && has_headers "$python" || extra+=(python3-dev)
  for package in "${extra[@]}" python3-venv libc6-dev; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
fi
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "Installing system packages: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
  else
    say "These system packages are missing and only root can add them: ${missing[*]}"
    say "The demonstration works without them; the tests do not."
  fi
fi

# 2. Python environment, from the lock with its hashes.
python=$(find_python)
[ -n "$python" ] || { say "Python 3.11, 3.12 or 3.13 with venv is needed."; exit 1; }
lock_stamp=$(cat deploy/lock/*.txt pyproject.toml | sha256sum | cut -d' ' -f1)
if [ "$(cat .venv/.ready-python 2>/dev/null || true)" != "$lock_stamp" ]; then
  say "Python environment (.venv) from the lock…"
  [ -x .venv/bin/python ] || "$python" -m venv .venv
  .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip -q
  .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r deploy/lock/installer.txt
  # Compiled once here: else each process that starts compiles every library anew where nothing may be written beside it.
  .venv/bin/uv pip install -q --compile-bytecode --require-hashes -p .venv/bin/python -r deploy/lock/requirements.txt
  .venv/bin/uv pip install -q -p .venv/bin/python --no-deps --no-build-isolation -e .
  echo "$lock_stamp" > .venv/.ready-python
fi

.venv/bin/python -m compileall -q -j 2 deploy privacy recorder vms web

# 3. The compiled part of the recorder; without a compiler its pure-Python twin is used.
native_stamp=$(cat recorder/rtsp/_fragments.pyx deploy/native_build.py .venv/pyvenv.cfg | sha256sum | cut -d' ' -f1)
if [ "$(cat .venv/.ready-native 2>/dev/null || true)" != "$native_stamp" ] ||
   ! compgen -G "recorder/rtsp/_fragments.*.so" >/dev/null; then
  say "Compiled part of the recorder…"
  .venv/bin/python -m deploy.native_build
  echo "$native_stamp" > .venv/.ready-native
fi

# 4. The pages.
export PATH="$PWD/.venv/bin:$PATH"
deps_stamp=$(sha256sum web/ui/package-lock.json | cut -d' ' -f1)
if [ "$(cat web/ui/node_modules/.ready 2>/dev/null || true)" != "$deps_stamp" ]; then
  say "Packages for the pages…"
  npm --prefix web/ui ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  echo "$deps_stamp" > web/ui/node_modules/.ready
fi
ui_stamp=$({ git ls-files -s web/ui web/api web/openapi.py web/app.py web/signed_calls.py vms/law/rulebook.toml 2>/dev/null
             find web/ui/src web/api -type f -newer web/ui/dist/index.html 2>/dev/null || true; } | sha256sum | cut -d' ' -f1)
if [ "$(cat web/ui/dist/.ready 2>/dev/null || true)" != "$ui_stamp" ]; then
  say "Building the pages…"
  .venv/bin/python -m web.openapi > web/ui/openapi.json
  npm --prefix web/ui run --silent api >&2
  npm --prefix web/ui run --silent build >&2
  ui_stamp=$({ git ls-files -s web/ui web/api web/openapi.py web/app.py web/signed_calls.py vms/law/rulebook.toml 2>/dev/null; } | sha256sum | cut -d' ' -f1)
  echo "$ui_stamp" > web/ui/dist/.ready
fi
say "Ready in $(( $(date +%s) - started )) s."
