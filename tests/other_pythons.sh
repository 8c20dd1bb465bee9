#!/usr/bin/env bash
# Builds the deck with each Python named (default: all found) and compares the SHA-256 of the packages.
#
#   tests/other_pythons.sh [PYTHON…]
#
# Each gets an environment of its own in a temporary folder. Where PyPI has them for it, other SQLite
# libraries take the place of Python's own.
set -euo pipefail
cd "$(dirname "$0")/.."
export SOURCE_DATE_EPOCH=1700000000 PIP_DISABLE_PIP_VERSION_CHECK=1

pythons=("$@")
if [ ${#pythons[@]} -eq 0 ]; then
  for python in python3.11 python3.12 python3.13 python3.14 /usr/bin/python3 "$HOME"/.pyenv/versions/*/bin/python; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then pythons+=("$python"); fi
  done
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
said() { printf '%s  %s\n' "$(sha256sum <"$1/ketamine-clinical-applications.apkg" | cut -d' ' -f1)" "$2" | tee -a "$scratch/sums"; }

n=0
for python in "${pythons[@]}"; do
  n=$((n + 1))
  env="$scratch/env$n"
  "$python" -m venv "$env"
  "$env/bin/pip" install --quiet .
  "$env/bin/ketamine-anki" build decks -o "$scratch/out$n" >/dev/null
  said "$scratch/out$n" "$("$env/bin/python" -c 'import platform, sqlite3; print("Python", platform.python_version(), "SQLite", sqlite3.sqlite_version)') ($python)"

  # The same with another SQLite library in place of the one that Python was built with.
  for other in pysqlite3-binary==0.5.2 pysqlite3-binary==0.5.3 pysqlite3-binary; do
    "$env/bin/pip" install --quiet --only-binary=:all: --upgrade "$other" 2>/dev/null || continue
    "$env/bin/python" - build decks -o "$scratch/other$n" >/dev/null <<'PYTHON'
import sys

import pysqlite3

sys.modules["sqlite3"] = pysqlite3
from ketamine_anki.cli import main

main()
PYTHON
    said "$scratch/other$n" "SQLite $("$env/bin/python" -c 'import pysqlite3; print(pysqlite3.sqlite_version)') of $other ($python)"
  done
done

different=$(cut -d' ' -f1 "$scratch/sums" | sort -u | wc -l)
[ "$different" -eq 1 ] || { echo "$different different packages" >&2; exit 1; }
echo "all the same"
