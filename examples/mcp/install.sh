#!/usr/bin/env bash
# Installs the external MCP servers of the examples below .servers/, at pinned versions, and builds the git template.
# Idempotent: what is there at the right version stays. Needs node with npm, git, and Python (PYTHON, default python3).
set -euo pipefail

FILESYSTEM=@modelcontextprotocol/server-filesystem@2026.8.31
GIT=mcp-server-git==2026.10.19
TIME=mcp-server-time==2026.10.19

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

if ! done_as node "$FILESYSTEM"; then
  npm install --prefix "$servers/node" --no-audit --no-fund --no-save --ignore-scripts --loglevel=error "$FILESYSTEM" >&2
  mark node "$FILESYSTEM"
fi

# Both servers are from the same repository and release and need the same SDK: one environment holds them.
if ! done_as git "$GIT $TIME"; then
  rm -rf "$servers/git"
  "$python" -m venv "$servers/git"
  "$servers/git/bin/python" -m pip install --quiet --disable-pip-version-check "$GIT" "$TIME" >&2
  mark git "$GIT $TIME"
fi

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
echo "external servers are ready in .servers/" >&2
