#!/usr/bin/env bash
# Builds a small repository in the given empty folder: a parcel-price library with seven commits on two branches, two
# tags, one uncommitted change and one untracked file. Names, dates and configuration are fixed, so the hashes are, too.
set -euo pipefail
cd "$1"

export HOME=$PWD GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null TZ=UTC LC_ALL=C
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE

# commit NAME EMAIL DATE MESSAGE: everything that has changed.
commit() {
  export GIT_AUTHOR_NAME=$1 GIT_AUTHOR_EMAIL=$2 GIT_AUTHOR_DATE=$3
  export GIT_COMMITTER_NAME=$1 GIT_COMMITTER_EMAIL=$2 GIT_COMMITTER_DATE=$3
  git add --all
  git commit --quiet --no-gpg-sign --message "$4"
}
mira=("Mira Okafor" mira.okafor@example.org)
jonas=("Jonas Weber" jonas.weber@example.org)

git init --quiet --template= --initial-branch=main
git config gc.auto 0
git config core.autocrlf false
git config core.fileMode false
git config user.name "Robin Vale"
git config user.email robin.vale@example.org

mkdir -p parcels tests docs
cat >README.md <<'TEXT'
# parcels

Computes the price of sending a parcel.

    from parcels.price import quote
    quote(weight_g=1200, zone="B")
TEXT
cat >.gitignore <<'TEXT'
__pycache__/
*.egg-info/
TEXT
commit "${mira[@]}" 2025-01-06T08:30:00+00:00 "Start the project"

cat >parcels/__init__.py <<'TEXT'
"""Prices of parcels."""
TEXT
cat >parcels/zones.py <<'TEXT'
"""Delivery zones and their factors."""

FACTORS = {"A": 1.0, "B": 1.35, "C": 1.9}


def factor(zone: str) -> float:
    """The factor of a zone; KeyError for an unknown one."""
    return FACTORS[zone]
TEXT
commit "${mira[@]}" 2025-01-08T10:05:00+00:00 "Add delivery zones"

cat >parcels/price.py <<'TEXT'
"""What a parcel costs."""

from parcels.zones import factor

BASE_CENTS = 420
PER_KILOGRAM_CENTS = 110


def quote(weight_g: int, zone: str) -> int:
    """Price in cents."""
    if weight_g <= 0:
        raise ValueError("a parcel weighs something")
    kilograms = -(-weight_g // 1000)
    return round((BASE_CENTS + kilograms * PER_KILOGRAM_CENTS) * factor(zone))
TEXT
cat >tests/test_price.py <<'TEXT'
from parcels.price import quote


def test_a_light_parcel_nearby() -> None:
    assert quote(300, "A") == 530


def test_started_kilograms_count() -> None:
    assert quote(1001, "A") == quote(2000, "A")
TEXT
commit "${jonas[@]}" 2025-01-15T14:42:00+00:00 "Compute prices from weight and zone"
git tag v0.1.0

cat >docs/zones.md <<'TEXT'
# Zones

| zone | meaning | factor |
|---|---|---|
| A | same region | 1.0 |
| B | same country | 1.35 |
| C | abroad | 1.9 |
TEXT
cat >CHANGELOG.md <<'TEXT'
# Changelog

## 0.1.0 - 2025-01-15
- Prices from weight and zone.
TEXT
commit "${jonas[@]}" 2025-01-20T09:12:00+00:00 "Document the zones, keep a changelog"

git checkout --quiet -b express
cat >parcels/express.py <<'TEXT'
"""Express delivery."""

SURCHARGE_CENTS = 650


def express(cents: int) -> int:
    """Price in cents with next-day delivery."""
    return cents + SURCHARGE_CENTS
TEXT
commit "${mira[@]}" 2025-02-03T16:20:00+00:00 "Draft an express surcharge"

git checkout --quiet main
sed -i.bak 's/"B": 1.35/"B": 1.4/' parcels/zones.py && rm parcels/zones.py.bak
sed -i.bak 's/1.35/1.4/' docs/zones.md && rm docs/zones.md.bak
commit "${mira[@]}" 2025-02-10T11:00:00+00:00 "Raise the factor of zone B to 1.4"

cat >>CHANGELOG.md <<'TEXT'

## 0.2.0 - 2025-02-17
- Zone B costs 1.4 times zone A.
TEXT
commit "${jonas[@]}" 2025-02-17T13:37:00+00:00 "Prepare release 0.2.0"
git tag v0.2.0

# What is left on the desk: a change that is not staged, and a new file.
sed -i.bak 's/BASE_CENTS = 420/BASE_CENTS = 450/' parcels/price.py && rm parcels/price.py.bak
cat >notes.txt <<'TEXT'
Ask Jonas: should zone C get its own base price?
Express needs a cut-off time (16:00?).
TEXT
# An index without file times: the same bytes on every machine.
git read-tree HEAD
rm -rf .git/hooks .git/info .git/description .git/COMMIT_EDITMSG
