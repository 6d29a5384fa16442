#!/usr/bin/env bash
# Installs what `tdscaling check --python` asks: the template engine, loaders and validators of others, at pinned versions,
# below .servers/loaders. Packages that would bring torch come without what they depend on: of TRL the chat templates of
# open models are used, of LLaMA-Factory its converter.
# Idempotent: what is there at the right version stays. Needs Python (PYTHON, default python3).
set -euo pipefail

LOADERS=(transformers==5.23.0 jinja2==3.1.6 datasets==5.2.0 pyarrow==26.0.1 openai==3.54.0 atif==1.8.0)
ALONE=(trl==1.16.0 llamafactory==0.9.5)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
servers=$here/../../.servers
python=${PYTHON:-python3}
mkdir -p "$servers"
command -v "$python" >/dev/null || { echo "install.sh: $python is not installed" >&2; exit 1; }

text="${LOADERS[*]} ${ALONE[*]}"
if [[ ! -f $servers/loaders.stamp || $(<"$servers/loaders.stamp") != "$text" ]]; then
  rm -rf "${servers:?}/loaders"
  "$python" -m venv "$servers/loaders"
  "$servers/loaders/bin/python" -m pip install --quiet --disable-pip-version-check "${LOADERS[@]}" >&2
  "$servers/loaders/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "${ALONE[@]}" >&2
  printf '%s\n' "$text" >"$servers/loaders.stamp"
fi
# The folder of the templates, for --chat-template.
"$servers/loaders/bin/python" -c 'import importlib.util as u, pathlib
print(pathlib.Path(u.find_spec("trl").submodule_search_locations[0]) / "chat_templates")'
