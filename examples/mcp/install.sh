#!/usr/bin/env bash
# Installs the external MCP servers of the examples and the inspector below .servers/, at pinned versions, and builds the
# templates that cannot stand in a repository: a git repository and a database.
# Idempotent: what is there at the right version stays. Needs node with npm, git, and Python (PYTHON, default python3).
set -euo pipefail

FILESYSTEM=@modelcontextprotocol/server-filesystem@2026.8.31
GIT=mcp-server-git==2026.10.19
TIME=mcp-server-time==2026.10.19
MEMORY=@modelcontextprotocol/server-memory@2026.8.31
SQLITE=mcp-server-sqlite==2025.4.25
SQLITE_SDK=mcp==1.30.0 # its requirement has no upper bound, and it does not start on 2.x
INSPECTOR=@modelcontextprotocol/inspector@2.12.0

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
servers=$here/../../.servers
python=${PYTHON:-python3}
mkdir -p "$servers"

for program in npm git "$python"; do
  command -v "$program" >/dev/null || { echo "install.sh: $program is not installed" >&2; exit 1; }
done

# done_as STAMP TEXT: true when this part was finished with this text.
done_as() { [[ -f $servers/$1.stamp && $(<"$servers/$1.stamp") == "$2" ]]; }
mark() { printf '%s\n' "$2" >"$servers/$1.stamp"; }

# npm_part STAMP FOLDER PACKAGE …
npm_part() {
  local stamp=$1 folder=$2
  shift 2
  done_as "$stamp" "$*" && return
  npm install --prefix "$servers/$folder" --no-audit --no-fund --no-save --ignore-scripts --loglevel=error "$@" >&2
  mark "$stamp" "$*"
}

# venv_part STAMP PACKAGE …: an environment of its own, named after the stamp.
venv_part() {
  local stamp=$1
  shift
  done_as "$stamp" "$*" && return
  rm -rf "${servers:?}/$stamp"
  "$python" -m venv "$servers/$stamp"
  "$servers/$stamp/bin/python" -m pip install --quiet --disable-pip-version-check "$@" >&2
  mark "$stamp" "$*"
}

npm_part node node "$FILESYSTEM" "$MEMORY"
npm_part inspector inspector "$INSPECTOR" # apart: it is large, and it is a client

# These two are from the same repository and release and need the same SDK: one environment holds them.
venv_part git "$GIT" "$TIME"
venv_part sqlite "$SQLITE" "$SQLITE_SDK"

recipe=$(git hash-object "$here/templates/parcels.sh")
if ! done_as parcels "$recipe"; then
  mkdir -p "$servers/templates"
  building=$(mktemp -d "$servers/templates/building.XXXXXX")
  trap 'rm -rf "$building"' EXIT
  bash "$here/templates/parcels.sh" "$building"
  chmod 755 "$building"
  rm -rf "$servers/templates/parcels"
  mv "$building" "$servers/templates/parcels"
  mark parcels "$recipe"
fi

recipe=$(git hash-object "$here/templates/shop.sql")
if ! done_as shop "$recipe"; then
  rm -rf "$servers/templates/shop"
  mkdir -p "$servers/templates/shop"
  "$python" - "$here/templates/shop.sql" "$servers/templates/shop/shop.db" <<'PYTHON'
import pathlib, sqlite3, sys

database = sqlite3.connect(sys.argv[2])
database.executescript(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
database.close()
PYTHON
  mark shop "$recipe"
fi
echo "external servers are ready in .servers/" >&2
