#!/usr/bin/env bash
# Installs endpoints of other people below .servers/, at pinned versions, to try the HTTP model and the probe on:
# LiteLLM's proxy (Python) and aimock (Node.js); with the argument `llama` also llama.cpp's server for Python, which is
# compiled for some minutes, with a tiny model of random weights. Idempotent. Needs npm and Python (PYTHON, default
# python3), and for llama a C++ compiler.
set -euo pipefail

LITELLM='litellm[proxy]==1.106.2'
AIMOCK=@copilotkit/aimock@1.43.0
LLAMA='llama-cpp-python[server]==0.3.36'
GGUF=gguf==0.19.0

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
servers=$here/../../.servers
python=${PYTHON:-python3}
mkdir -p "$servers"

for program in npm "$python"; do
  command -v "$program" >/dev/null || { echo "install.sh: $program is not installed" >&2; exit 1; }
done

# done_as STAMP TEXT: true when this part was finished with this text.
done_as() { [[ -f $servers/$1.stamp && $(<"$servers/$1.stamp") == "$2" ]]; }
mark() { printf '%s\n' "$2" >"$servers/$1.stamp"; }

if ! done_as litellm "$LITELLM"; then
  rm -rf "$servers/litellm"
  "$python" -m venv "$servers/litellm"
  "$servers/litellm/bin/python" -m pip install --quiet --disable-pip-version-check "$LITELLM" >&2
  mark litellm "$LITELLM"
fi

if ! done_as aimock "$AIMOCK"; then
  npm install --prefix "$servers/aimock" --no-audit --no-fund --no-save --ignore-scripts --loglevel=error "$AIMOCK" >&2
  mark aimock "$AIMOCK"
fi

if [[ ${1:-} == llama ]] && ! done_as llama "$LLAMA $GGUF"; then
  rm -rf "$servers/llama"
  "$python" -m venv "$servers/llama"
  CMAKE_ARGS="-DGGML_NATIVE=OFF -DLLAVA_BUILD=OFF -DLLAMA_CURL=OFF" \
    "$servers/llama/bin/python" -m pip install --quiet --disable-pip-version-check "$LLAMA" "$GGUF" >&2
  "$servers/llama/bin/python" "$here/tiny_gguf.py" "$servers/llama/tiny.gguf"
  mark llama "$LLAMA $GGUF"
fi
echo "LiteLLM's proxy and aimock are ready in .servers/" >&2
