#!/usr/bin/env bash
# Makes the environment in which the tools of two benchmarks run, below .servers/: τ²-bench's retail domain from a
# checkout of yours (TAU2_CHECKOUT=folder), and BFCL's multi-turn classes from the package bfcl-eval or a checkout
# (BFCL_CHECKOUT=folder of berkeley-function-call-leaderboard). Idempotent. Nothing of theirs comes into this repository.
# What is played on a benchmark's tools is for evaluation only.
set -euo pipefail

BFCL=bfcl-eval==2026.3.23
# What the wanted modules import, and no model client: both benchmarks are installed without their requirements.
NEEDED=(mcp==2.3.0 pydantic loguru docstring-parser addict deepdiff python-dotenv toml pyyaml mpmath typing-extensions)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
servers=$here/../../.servers
python=${PYTHON:-python3}
mkdir -p "$servers"

command -v "$python" >/dev/null || { echo "install.sh: $python is not installed" >&2; exit 1; }

# done_as STAMP TEXT: true when this part was finished with this text.
done_as() { [[ -f $servers/$1.stamp && $(<"$servers/$1.stamp") == "$2" ]]; }
mark() { printf '%s\n' "$2" >"$servers/$1.stamp"; }

bfcl=${BFCL_CHECKOUT:-$BFCL}
recipe="${NEEDED[*]} $bfcl"
if ! done_as benchmarks "$recipe"; then
  rm -rf "$servers/benchmarks"
  "$python" -m venv "$servers/benchmarks"
  pip=("$servers/benchmarks/bin/python" -m pip install --quiet --disable-pip-version-check)
  "${pip[@]}" "${NEEDED[@]}" >&2
  "${pip[@]}" --no-deps "$bfcl" >&2
  mark benchmarks "$recipe"
fi

if [[ -n ${TAU2_CHECKOUT:-} ]]; then
  for file in src/tau2/domains/retail/tools.py data/tau2/domains/retail/db.json; do
    [[ -f $TAU2_CHECKOUT/$file ]] || { echo "install.sh: TAU2_CHECKOUT: $TAU2_CHECKOUT has no $file" >&2; exit 1; }
  done
  ln -sfn "$(cd "$TAU2_CHECKOUT" && pwd)" "$servers/tau2-bench"
elif [[ ! -e $servers/tau2-bench ]]; then
  echo "install.sh: without TAU2_CHECKOUT there is no tau2-bench" >&2
fi
echo "the benchmarks are ready in .servers/" >&2
