#!/usr/bin/env bash
# The peers that bench/pipeline.py measures beside, in an environment of their own: .servers/peers.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
place=.servers/peers
if [[ ! -f $place.stamp ]] || ! cmp -s bench/peers/requirements.txt "$place.stamp"; then
  rm -rf "$place"
  "${PYTHON:-python3}" -m venv "$place" >&2
  "$place/bin/python" -m pip install --quiet --disable-pip-version-check -r bench/peers/requirements.txt >&2
  cp bench/peers/requirements.txt "$place.stamp"
fi
echo "$place/bin/python"
