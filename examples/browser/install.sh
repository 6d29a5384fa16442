#!/usr/bin/env bash
# Installs what looks at our pages as a person would: Playwright and axe's checks of accessibility, at pinned versions,
# below .servers/browser, and headless Chromium where there is none (from Debian's packages, which needs root).
# Idempotent: what is there at the right version stays. Needs Python (PYTHON, default python3) and npm.
set -euo pipefail

PLAYWRIGHT=playwright==1.65.2
AXE=axe-core@4.14.1

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
servers=$here/../../.servers
python=${PYTHON:-python3}
mkdir -p "$servers"
command -v "$python" >/dev/null || { echo "install.sh: $python is not installed" >&2; exit 1; }
command -v npm >/dev/null || { echo "install.sh: npm is not installed" >&2; exit 1; }

browser() {
  command -v chromium || command -v chromium-browser || command -v google-chrome
}

if ! browser >/dev/null; then
  [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null \
    || { echo "install.sh: install Chromium or Chrome, then run this again" >&2; exit 1; }
  { apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core; } >&2
fi
text="$PLAYWRIGHT $AXE"
if [[ ! -f $servers/browser.stamp || $(<"$servers/browser.stamp") != "$text" ]]; then
  rm -rf "${servers:?}/browser"
  "$python" -m venv "$servers/browser"
  "$servers/browser/bin/python" -m pip install --quiet --disable-pip-version-check "$PLAYWRIGHT" >&2
  npm install --silent --no-audit --no-fund --prefix "$servers/browser" "$AXE" >&2
  printf '%s\n' "$text" >"$servers/browser.stamp"
fi
browser
