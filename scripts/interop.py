#!/usr/bin/env python3
"""Our library and the Python package kohakuvault 1.1.0 on the same files.

    scripts/interop.sh                    # builds, installs and runs this
    python scripts/interop.py VAULT_SHELL # with the example built already

Ours is `examples/vault_shell.rs`, the package is this script with `--peer`:
both speak the same lines, each in a process of its own. Every check that fails
says what it saw and ends the run; the last lines count what was checked.
"""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path

import kohakuvault as kohaku
import numpy as np
from make_foreign import DATABASE as FOREIGN, DATA, MANIFEST, describe, read_foreign

LIMIT_SECONDS = int(os.environ.get("INTEROP_LIMIT", "600"))
ROUNDS = int(os.environ.get("INTEROP_ROUNDS", "3000"))
BATCH = 16
GOLDEN = DATA / "kohakuvault-1.1.0-seed1.db"
MAGIC, END_MAGIC = b"\x89K", b"VK"

checked = Counter()
children = []


class Failed(Exception):
    """A check that did not hold; the message is for whoever reads the log."""


def check(holds, what, *seen):
    if not holds:
        raise Failed(" ".join([what, *map(repr, seen)]))
    checked[what] += 1


# --- The two sides of the conversation ---


class Peer:
    """A process with a vault open, driven line by line."""

    def __init__(self, name, command, path):
        self.name, self.command = name, [*map(str, command), str(path)]
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        children.append(self.process)

    def tell(self, *words):
        try:
            self.process.stdin.write(" ".join(map(str, words)) + "\n")
        except BrokenPipeError as error:
            raise Failed(f"{self.name} died before {words}") from error

    def ask(self, *words):
        # Either side may find the other writing for longer than it cares to wait.
        for _ in range(20):
            self.tell(*words)
            answer = self.process.stdout.readline()
            if not answer:
                raise Failed(f"{self.name} died of {words}, exit code {self.process.wait()}")
            answer = answer.rstrip("\n")
            if not answer.startswith("error") or "busy" not in answer.lower():
                return answer
            checked[f"{self.name}: busy at {words[0]}, asked again"] += 1
        raise Failed(f"{self.name} stayed busy at {words}")

    def done(self, *words):
        answer = self.ask(*words)
        if answer != "ok":
            raise Failed(f"{self.name} answered {answer!r} to {words}")

    def put(self, key, value):
        self.done("put", key.hex(), value.hex())

    def get(self, key):
        answer = self.ask("get", key.hex())
        if answer == "none":
            return None
        if not answer.startswith("some "):
            raise Failed(f"{self.name} answered {answer!r} to a get of {key!r}")
        return bytes.fromhex(answer.removeprefix("some "))

    def many(self, prefix, value):
        answer = self.ask("many", BATCH, prefix, value.hex())
        if answer != str(BATCH):
            raise Failed(f"{self.name} answered {answer!r} to a batch of {BATCH}")

    def kill_while_it_writes(self, prefix, value):
        """The batch may be there afterwards or not; the file must not mind."""
        self.tell("len")
        self.tell("many", BATCH, prefix, value.hex())
        # Its first answer says that it is at the batch now.
        self.process.stdout.readline()
        self.process.kill()
        self.process.wait()
        self.start()

    def close(self):
        self.done("close")
        self.process.stdin.close()
        if self.process.wait() != 0:
            raise Failed(f"{self.name} left with exit code {self.process.returncode}")


def serve(path):
    """The package on the lines of vault_shell, and `scan PREFIX` for a batch in one read."""
    vault = kohaku.KVault(path)
    missing = object()
    for line in sys.stdin:
        try:
            match line.rstrip("\n").split(" "):
                case ["put", key, value]:
                    vault.put(bytes.fromhex(key), bytes.fromhex(value))
                    answer = "ok"
                case ["get", key]:
                    value = vault.get(bytes.fromhex(key), missing)
                    answer = "none" if value is missing else "some " + value.hex()
                case ["del", key]:
                    answer = str(vault.delete(bytes.fromhex(key))).lower()
                case ["len"]:
                    answer = str(len(vault))
                case ["many", count, prefix, value]:
                    value = bytes.fromhex(value)
                    vault.put_many([(f"{prefix}{i:04}", value) for i in range(int(count))])
                    answer = count
                case ["scan", prefix]:
                    values = [value for _, value in vault.items(prefix, batch_size=1000)]
                    answer = f"{len(values)} {len(set(values))}"
                case ["checkpoint"]:
                    vault.checkpoint()
                    answer = "ok"
                case ["close"]:
                    vault.close()
                    answer = "ok"
                case _:
                    answer = "error unknown command"
        except Exception as error:
            answer = f"error {type(error).__name__} {error}"
        print(answer, flush=True)


# --- What is checked ---


def check_integrity(path):
    with closing(sqlite3.connect(path)) as db:
        found = db.execute("PRAGMA integrity_check").fetchall()
    check(found == [("ok",)], "files that pass PRAGMA integrity_check", found)


def plain(value):
    """A value of the package in a form that == can compare."""
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape, value.tobytes()
    return type(value).__name__, repr(value)


def package_reads(path):
    with kohaku.KVault(path) as vault:
        return {key: plain(value) for key, value in vault.items()}


def golden(folder, open_ours):
    """A file that the package wrote opens with ours, and is the package's as before afterwards."""
    reference, path = folder / "reference.db", folder / "golden.db"
    shutil.copy(GOLDEN, reference)
    shutil.copy(GOLDEN, path)
    rows = json.loads(GOLDEN.with_suffix(".json").read_text())
    ours = open_ours(path)
    check(ours.ask("len") == str(len(rows)), "golden file: len")
    for row in rows:
        key, stored = bytes.fromhex(row["key_hex"]), bytes.fromhex(row["stored_hex"])
        has_header = len(stored) >= 10 and stored[:2] == MAGIC and stored[8:10] == END_MAGIC
        # Our bytes are the payload; raw rows have nothing else.
        payload, kind = (stored[10:], "payload") if has_header else (stored, "raw")
        found = ours.get(key)
        check(found == payload, f"golden file: {kind} values read by ours", key, found, payload)
    ours.close()
    before, after = package_reads(reference), package_reads(path)
    for key in before | after:
        seen = before.get(key), after.get(key)
        check(seen[0] == seen[1], "golden file: values that the package reads as before", key, *seen)
    check_integrity(path)


def awkward_bytes(folder, open_ours, open_theirs):
    """Bytes that look like a header, and keys at the edges, cross over unchanged."""
    ours, theirs = open_ours(folder / "bytes.db"), open_theirs(folder / "bytes.db")
    values = [b"", b"\x00", MAGIC, MAGIC + b"short", bytes(range(256)) * 300]
    headers = [
        MAGIC + bytes([version, encoding, flags, 0, 0, reserved]) + END_MAGIC + payload
        for version in (1, 2)
        for encoding in (0, 1, 2, 3, 4, 5, 6, 7, 255)
        for flags in (0, 1, 16)
        for reserved in (0, 1)
        for payload in (b"", b"payload8")
    ]
    keys = [b"\x00", b"\xff" * 3, "ключ".encode(), b"k" * 2000]
    for i, value in enumerate(values + headers):
        key = b"value:%d" % i
        ours.put(key, value)
        found = theirs.get(key)
        check(found == value, "bytes of ours read by the package", value, found)
        check(ours.get(key) == value, "bytes of ours read by ours", value)
    for i, value in enumerate(values):
        # The package does not escape what looks like a header, so it is not asked to store that.
        for writer, reader in ((ours, theirs), (theirs, ours)):
            for key in keys:
                key = key + writer.name.encode() + b"%d" % i
                writer.put(key, value)
                check(reader.get(key) == value, f"awkward keys of {writer.name}", key)
    check(ours.ask("len") == theirs.ask("len"), "both count the same keys")
    ours.close()
    theirs.close()
    check_integrity(folder / "bytes.db")


class Race:
    """Two processes write and read one file at once; `done` says what either acknowledged."""

    def __init__(self, rounds):
        self.rounds = rounds
        self.done = {"ours": -1, "theirs": -1}
        self.errors = []

    def run(self, *peers):
        pairs = zip(peers, peers[::-1])
        threads = [threading.Thread(target=self.side, args=(a, b.name)) for a, b in pairs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.errors:
            raise self.errors[0]

    def side(self, peer, other):
        try:
            for i in range(self.rounds):
                if self.errors:
                    return
                self.write(peer, i)
                # Only what was acknowledged before the question is asked must be seen.
                known = self.done[other]
                if known >= 0:
                    self.read(peer, other, known)
        except Exception as error:
            self.errors.append(error)

    def write(self, peer, i):
        name, value = peer.name, b"%d" % i
        peer.put(self.key(name, i), self.value(i))
        peer.put(b"hot:" + name.encode(), value)
        peer.put(b"gone:%s:%d" % (name.encode(), i), value)
        if peer.ask("del", (b"gone:%s:%d" % (name.encode(), i)).hex()) != "true":
            raise Failed(f"{name} could not delete what it had just put")
        if i % 10 == 0:
            peer.many(f"batch:{name}:", value)
        if i % 250 == 125:
            peer.ask("checkpoint")
        if i % (self.rounds // 4) == self.rounds // 8:
            peer.kill_while_it_writes(f"batch:{name}:", value)
            checked[f"{name}: killed while writing"] += 1
        self.done[name] = i

    def read(self, peer, other, known):
        arrow, tag = f"{other} seen by {peer.name}", other.encode()
        found = peer.get(self.key(other, known))
        check(found == self.value(known), f"acknowledged puts of {arrow}", known, found)
        found = int(peer.get(b"hot:" + tag))
        check(found >= known, f"overwrites of {arrow} at once", known, found)
        found = peer.get(b"gone:%s:%d" % (tag, known))
        check(found is None, f"deletes of {arrow}", known, found)
        # Later reads may see a later batch, never an earlier one: a torn batch would show here.
        edges = [peer.get(b"batch:%s:%04d" % (tag, at)) for at in (0, BATCH - 1, 0)]
        steps = list(map(int, edges))
        check(steps == sorted(steps), f"batches of {arrow}, never torn", steps)
        if peer.name == "theirs":
            found = peer.ask("scan", f"batch:{other}:")
            check(found == f"{BATCH} 1", "batches of ours in one read, never torn", found)

    @staticmethod
    def key(name, i):
        return b"%s:%06d" % (name.encode(), i)

    @staticmethod
    def value(i):
        # Some values need overflow pages.
        return b"%d." % i * (1 + 4000 * (i % 50 == 0))


def together(folder, open_ours, open_theirs):
    """Nothing is lost, stale or torn while two processes write, and one is killed now and then."""
    path = folder / "together.db"
    ours, theirs = open_ours(path), open_theirs(path)
    race = Race(ROUNDS)
    race.run(ours, theirs)
    # No close: what was acknowledged must survive that too.
    for peer in (ours, theirs):
        peer.process.kill()
        peer.process.wait()
    check_integrity(path)
    expected = {race.key(name, i): race.value(i) for name in race.done for i in range(ROUNDS)}
    last = b"%d" % (ROUNDS - 1)
    expected |= {b"hot:ours": last, b"hot:theirs": last}
    ours, theirs = open_ours(path), open_theirs(path)
    total = str(len(expected) + 2 * BATCH)
    check(ours.ask("len") == theirs.ask("len") == total, "keys at the end", total)
    for peer in (ours, theirs):
        for key, value in expected.items():
            check(peer.get(key) == value, f"writes found by {peer.name} at the end", key)
        peer.done("checkpoint")
    ours.close()
    theirs.close()
    check_integrity(path)


def foreign(folder, open_ours):
    """What is not ours in a file stays as it is, whatever we do beside it."""
    path = folder / "foreign.db"
    shutil.copy(FOREIGN, path)
    manifest = json.loads(MANIFEST.read_text())
    seen = read_foreign(path)
    check(describe(path) == manifest, "foreign file as it was made")
    ours = open_ours(path)
    for entry in manifest["schema"]:
        if entry["type"] in ("table", "view") and " " not in entry["name"]:
            answer = ours.ask("table", entry["name"])
            check(answer.startswith("error"), "foreign tables refused as a vault", entry["name"], answer)
    for table in ("kv", "photos", "added"):
        ours.done("table", table)
        for i in range(300):
            ours.put(b"key:%d" % i, b"%d" % i * i)
        ours.many("batch:", b"value")
        check(ours.ask("del", b"key:1".hex()) == "true", "deletes beside foreign tables")
        ours.done("checkpoint")
        if table != "added":
            ours.done("clear")
            check(ours.ask("len") == "0", "tables cleared beside foreign ones")
    ours.close()
    now = {entry["name"]: entry for entry in describe(path)["tables"]}
    for entry in manifest["tables"]:
        check(now.get(entry["name"]) == entry, "foreign tables untouched", entry, now.get(entry["name"]))
    schema = describe(path)["schema"]
    for entry in manifest["schema"]:
        check(entry in schema, "foreign schema entries untouched", entry)
    check(read_foreign(path) == seen, "the package reads its other vaults as before")
    check_integrity(path)


def give_up(*_):
    for child in children:
        child.kill()
    print(f"FAILED: not done after {LIMIT_SECONDS} s; so far: {dict(checked)}", flush=True)
    os._exit(1)


def main(shell):
    # Whatever waits for an answer that never comes ends here.
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(LIMIT_SECONDS)

    def open_ours(path):
        return Peer("ours", [shell], path)

    def open_theirs(path):
        return Peer("theirs", [sys.executable, "-B", __file__, "--peer"], path)

    try:
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            golden(folder, open_ours)
            awkward_bytes(folder, open_ours, open_theirs)
            together(folder, open_ours, open_theirs)
            foreign(folder, open_ours)
    except Failed as failure:
        print(f"FAILED: {failure}")
        sys.exit(1)
    finally:
        for child in children:
            child.kill()
    for what, count in checked.items():
        print(f"{count:7} {what}")
    print(f"interop with kohakuvault {kohaku.__version__}: {checked.total()} checks passed")


if __name__ == "__main__":
    if sys.argv[1] == "--peer":
        serve(sys.argv[2])
    else:
        main(sys.argv[1])
