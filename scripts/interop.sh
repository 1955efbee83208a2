#!/usr/bin/env bash
# Our library and the Python package that made the format, on the same files at the same time.
# Needs python3 and PyPI; INTEROP_ROUNDS makes the race longer or shorter.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
venv=$target/interop-venv

cargo build --quiet --locked --example vault_shell --example value_zoo
[ -x "$venv/bin/pip" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check kohakuvault==1.1.0 numpy
"$venv/bin/python" -B scripts/values_interop.py "$target/debug/examples/value_zoo"
exec "$venv/bin/python" -B scripts/interop.py "$target/debug/examples/vault_shell"
