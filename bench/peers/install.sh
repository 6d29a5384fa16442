#!/usr/bin/env bash
# The peers that bench/pipeline.py and bench/bus.py measure beside, pinned, in environments of their own:
# .servers/peers and .servers/buses. Arguments: which of the two; both when there is none.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
declare -A wanted=([peers]=bench/peers/requirements.txt [buses]=bench/peers/buses.txt)
for name in "${@:-peers buses}"; do
  for one in $name; do
    place=.servers/$one
    if [[ ! -f $place.stamp ]] || ! cmp -s "${wanted[$one]}" "$place.stamp"; then
      rm -rf "$place"
      "${PYTHON:-python3}" -m venv "$place" >&2
      "$place/bin/python" -m pip install --quiet --disable-pip-version-check -r "${wanted[$one]}" >&2
      cp "${wanted[$one]}" "$place.stamp"
    fi
    echo "$place/bin/python"
  done
done
