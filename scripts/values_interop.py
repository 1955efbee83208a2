#!/usr/bin/env python3
"""Every kind of value that ours writes, read with the Python package kohakuvault 1.1.0.

    python scripts/values_interop.py VALUE_ZOO   # examples/value_zoo.rs, built already

The package must return what `value_zoo` says it put, in type and value, bit for bit.
Among them are values that it corrupts when it writes them itself: integers from
10**12 up, 0.0, -0.0, subnormals, bools, None.
"""

import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from kohakuvault import KVault

# What the file format cannot tell the package: see docs/guide.md, "What Python sees".
IMPOSSIBLE = {"tensor of eight bytes", "tensor without elements", "tensor in a list"}


def same(got, seen):
    (kind, want), = seen.items()
    if kind == "int":
        return type(got) is int and got == int(want)
    if kind == "float":
        return type(got) is float and struct.pack(">d", got).hex() == want
    if kind == "bytes":
        return type(got) is bytes and got.hex() == want
    if kind == "repr":
        return repr(got) == want
    if kind == "tensor":
        return (
            isinstance(got, np.ndarray)
            and got.dtype == np.dtype(want["dtype"])
            and list(got.shape) == want["shape"]
            and got.tobytes().hex() == want["data"]
        )
    return alike(got, want)


def alike(got, want):
    """Equal, and of the same types all the way down: 1 is not True here."""
    if type(got) is not type(want) or got != want:
        return False
    if isinstance(got, dict):
        return all(alike(got[key], want[key]) for key in want)
    return not isinstance(got, list) or all(map(alike, got, want))


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "zoo.db"
        lines = subprocess.run(
            [sys.argv[1], path], check=True, capture_output=True, text=True, timeout=60
        ).stdout.splitlines()
        vault, wrong, kinds = KVault(str(path)), [], {}
        for line in lines:
            key, seen = line.split("\t")
            seen = json.loads(seen)
            try:
                got = vault[key]
            except Exception as error:  # whatever it is, it is what a reader would see
                got = error
            if same(got, seen) == (key in IMPOSSIBLE):
                wrong.append(f"{key}: {got!r}, not {seen}")
            (kind,) = seen
            kinds[kind] = kinds.get(kind, 0) + 1
        vault.close()
    if wrong or len(lines) < 60:
        sys.exit("\n".join([*wrong, f"{len(wrong)} of {len(lines)} values differ"]))
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    print(f"values: {len(lines)} of ours read back in Python ({counts})")


if __name__ == "__main__":
    main()
