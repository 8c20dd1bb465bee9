#!/usr/bin/env bash
# Makes a whole release of the deck with each Python named (default: all found) and each SQLite library that it can
# have, each in another time zone, locale, umask and order of hashes, and compares all files byte by byte.
#
#   tests/deep/other_pythons.sh [PYTHON…]
#
# Each Python gets an environment of its own in a temporary folder. Where PyPI has them for it, other SQLite libraries
# take the place of its own. Prints what was compared and what was skipped; ends with 1 when two releases differ, and
# when fewer than two Pythons or three versions of SQLite were compared.
set -euo pipefail
cd "$(dirname "$0")/../.."
SOURCE_DATE_EPOCH=$(date +%s)
export SOURCE_DATE_EPOCH PIP_DISABLE_PIP_VERSION_CHECK=1
unset PYTHONPATH

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/program"
cp -R ketamine_anki pyproject.toml LICENSE "$scratch/program"
touch "$scratch/made" "$scratch/skipped"

pythons=("$@")
if [ ${#pythons[@]} -eq 0 ]; then
  for python in python3.11 python3.12 python3.13 python3.14 /usr/bin/python3 "$HOME"/.pyenv/versions/*/bin/python; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then pythons+=("$python"); fi
  done
fi

zones=(UTC XXX-5:45 XXX+3:30 XXX-14)
masks=(022 077 002 027)
mapfile -t locales < <(locale -a)
cat >"$scratch/other.py" <<'PYTHON'
import sys

import pysqlite3

sys.modules["sqlite3"] = pysqlite3
from ketamine_anki.cli import main

main()
PYTHON

n=0
# release SQLITE PYTHON PROGRAM…: a release made with them, one line of the table
release() {
  local at="$scratch/$n" zone=${zones[n % 4]} mask=${masks[n % 4]} locale=${locales[n % ${#locales[@]}]} sum
  mkdir "$at"
  cp -R decks CHANGELOG.md "$at"
  (
    cd "$at"
    umask "$mask"
    env TZ="$zone" LC_ALL="$locale" PYTHONHASHSEED="$n" "${@:3}" release 999.0.0 decks -o dist --no-repository >said 2>&1
  ) || { cat "$at/said" >&2; exit 1; }
  sum=$(cd "$at" && find CHANGELOG.md decks/ledger.yaml dist -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
  printf '%-16.16s  %-8s  %-8s  %-10s  %-12s  %-5s  %s\n' "$sum" "$2" "$1" "$zone" "$locale" "$mask" "$n" | tee -a "$scratch/made"
  n=$((n + 1))
}

printf '%-16s  %-8s  %-8s  %-10s  %-12s  %-5s  %s\n' "all files" Python SQLite "time zone" locale umask hashes
for python in "${pythons[@]}"; do
  env="$scratch/env$n"
  version=$("$python" -c 'import platform; print(platform.python_version())')
  if ! { "$python" -m venv "$env" && "$env/bin/pip" install --quiet "$scratch/program"; } >"$scratch/said" 2>&1; then
    echo "Python $version ($python): $(tail -n 1 "$scratch/said")" >>"$scratch/skipped"
    continue
  fi
  release "$("$env/bin/python" -c 'import sqlite3; print(sqlite3.sqlite_version)')" "$version" "$env/bin/ketamine-anki"
  for other in pysqlite3-binary==0.5.2 pysqlite3-binary==0.5.3 pysqlite3-binary; do
    if ! "$env/bin/pip" install --quiet --only-binary=:all: --upgrade "$other" >"$scratch/said" 2>&1; then
      echo "$other with Python $version: $(tail -n 1 "$scratch/said")" >>"$scratch/skipped"
      continue
    fi
    sqlite=$("$env/bin/python" -c 'import pysqlite3; print(pysqlite3.sqlite_version)')
    release "$sqlite" "$version" "$env/bin/python" "$scratch/other.py"
  done
done

sed 's/^/skipped: /' "$scratch/skipped"
count() { awk -v column="$1" '{ print $column }' "$scratch/made" | sort -u | wc -l; }
echo "different releases: $(count 1); Pythons: $(count 2); versions of SQLite: $(count 3)"
[ "$(count 1)" -eq 1 ] && [ "$(count 2)" -ge 2 ] && [ "$(count 3)" -ge 3 ]
