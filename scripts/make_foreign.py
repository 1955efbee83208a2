#!/usr/bin/env python3
"""Make `tests/data/foreign-1.1.0.db`: a vault file that also holds what is not ours.

The Python package's column, vector and text vaults live in it, what Litestream
keeps, and tables of a user, among them some that look almost like a vault.
The JSON beside it lists each of those tables with a query and a hash, so that
a test can say "untouched" without knowing any of them.

    python scripts/make_foreign.py        # needs kohakuvault 1.1.0 and numpy
"""

import json
import os
import sqlite3
import struct
import sys
from contextlib import closing
from pathlib import Path

import kohakuvault as kohaku
import numpy as np

DATA = Path(__file__).resolve().parent.parent / "tests" / "data"
DATABASE = DATA / "foreign-1.1.0.db"
MANIFEST = DATA / "foreign-1.1.0.json"

# What a vault of ours may change in such a file: its own tables and the list of features.
OURS = {"kv", "photos", "kohakuvault_meta"}

HASH = """fnv1a64, in hex, over the rows of `query` in the order that it gives them.
Each column adds one letter for its storage class (n, i, r, t, b), the number of
bytes that follow as u64 little-endian, and those bytes: none for null, i64
little-endian, the bits of the f64 little-endian, the text, the blob."""

# Names and shapes that a careless engine would take for its own.
USERS_TABLES = """
CREATE TABLE settings(key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL);
CREATE TABLE pairs(key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE triples(key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL, seen INTEGER);
CREATE TABLE hidden(key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL,
                    size INTEGER GENERATED ALWAYS AS (length(value)) VIRTUAL);
CREATE VIRTUAL TABLE notes USING fts5(key, value);
CREATE VIEW keys_and_values AS SELECT key, value FROM kv;
CREATE TABLE "odd ""name"" ; drop" (id INTEGER PRIMARY KEY, anything);
CREATE INDEX by_anything ON "odd ""name"" ; drop"(anything);
CREATE TABLE audit(at INTEGER PRIMARY KEY, what TEXT);
CREATE TRIGGER settings_audit AFTER UPDATE ON settings
    BEGIN INSERT INTO audit(what) VALUES (old.key); END;
CREATE TABLE _litestream_seq(id INTEGER PRIMARY KEY, seq INTEGER);
CREATE TABLE _litestream_lock(id INTEGER);
INSERT INTO settings VALUES ('colour', 'blue'), ('size', '10');
INSERT INTO pairs VALUES (x'00', x'01'), (x'ff', x'');
INSERT INTO triples VALUES (x'6b', x'76', 7);
INSERT INTO hidden(key, value) VALUES (x'6b', x'767676');
INSERT INTO notes VALUES ('milk', 'two litres'), ('bread', 'rye');
INSERT INTO audit(what) VALUES ('created');
INSERT INTO _litestream_seq VALUES (1, 42);
"""


def make(path):
    """Write the file with the package, then the user's tables with plain SQLite."""
    # Small pages: the file holds some forty trees, each at least a page.
    with kohaku.KVault(path, page_size=1024) as vault:
        vault.put_many([(f"bytes:{i:03}", bytes([i]) * i) for i in range(20)])
        vault["answer"] = 42
        vault["config"] = {"timeout": 30, "tags": ["a", "b"]}
    with kohaku.KVault(path, table="photos") as photos:
        photos["cat.jpg"] = b"\xff\xd8\xff" + bytes(5000)
    with kohaku.ColumnVault(path, block_bytes=1024) as columns:
        columns.create_column("count", "i64").extend(range(-150, 150))
        columns.create_column("name", "str:utf8").extend(["", "ä", "x" * 3000])
        columns.create_column("point", "vec:f32:3").append_array(
            np.arange(12, dtype=np.float32).reshape(4, 3)
        )
    with kohaku.VectorKVault(path, dimensions=4, metric="l2") as vectors:
        for i in range(6):
            vectors.insert(np.full(4, i, np.float32), {"n": i})
        # A hole, so that its rows are not simply 1 to n.
        vectors.delete(3)
    texts = kohaku.TextVault(str(path), columns=["title", "body"])
    texts.insert({"title": "first", "body": "hello world"}, {"n": 1})
    texts.insert({"title": "second", "body": "hello again"}, b"raw")
    # A text vault has no close(): its connection ends with the object.
    del texts
    with closing(sqlite3.connect(path)) as db:
        db.executescript(USERS_TABLES)
        rows = [(None,), (-(2**63),), (-0.0,), (1e300,), ("text \x00 \u20ac",), (b"\x00\xff",)]
        db.executemany('INSERT INTO "odd ""name"" ; drop"(anything) VALUES (?)', rows)
        db.commit()
        # One file is all there is: nothing waits in a WAL, nothing is left of the making.
        busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert not busy, "somebody still reads the file that was just made"


def read_foreign(path):
    """Everything that the package finds in its other vaults, as plain values."""
    with kohaku.ColumnVault(path, read_only=True) as columns:
        found = {
            name: [np.asarray(row).tolist() for row in columns[name]]
            for name, _, _ in columns.list_columns()
        }
    with kohaku.VectorKVault(path, dimensions=4, metric="l2", read_only=True) as vectors:
        found["nearest"] = vectors.search(np.full(4, 2.2, np.float32), k=10)
        found["by id"] = [[vector.tolist(), value] for vector, value in map(vectors.get_by_id, (1, 6))]
    texts = kohaku.TextVault(str(path), columns=["title", "body"])
    found["texts"] = texts.search_with_text("hello")
    found["text ids"] = texts.keys()
    return found


def fnv1a64(data, state):
    for byte in data:
        state = (state ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return state


def column_bytes(value):
    """One column of a row, as HASH describes it."""
    match value:
        case None:
            kind, data = b"n", b""
        case int():
            kind, data = b"i", struct.pack("<q", value)
        case float():
            kind, data = b"r", struct.pack("<d", value)
        case str():
            kind, data = b"t", value.encode()
        case bytes():
            kind, data = b"b", value
    return kind + struct.pack("<Q", len(data)) + data


def hash_rows(rows):
    state = 0xCBF29CE484222325
    for row in rows:
        for value in row:
            state = fnv1a64(column_bytes(value), state)
    return f"{state:016x}"


def table_query(db, name):
    """Reads all of a table in a fixed order, its row ids included where it has some."""
    quoted = '"' + name.replace('"', '""') + '"'
    without_rowid, columns = db.execute(
        "SELECT wr, ncol FROM pragma_table_list WHERE schema = 'main' AND name = ?", (name,)
    ).fetchone()
    if without_rowid:
        return f"SELECT * FROM {quoted} ORDER BY {', '.join(map(str, range(1, columns + 1)))}"
    return f"SELECT _rowid_, * FROM {quoted} ORDER BY _rowid_"


def describe(path):
    """The manifest: the schema and the content of every table that is not a vault of ours."""
    with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True)) as db:
        schema = [
            dict(zip(("type", "name", "sql"), row))
            for row in db.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")
            if not {row[1], row[1].removeprefix("sqlite_autoindex_").removesuffix("_1")} & OURS
        ]
        tables = []
        for entry in schema:
            # A virtual table's content is in the shadow tables, which are listed too.
            if entry["type"] == "table" and not entry["sql"].startswith("CREATE VIRTUAL"):
                query = table_query(db, entry["name"])
                rows = db.execute(query).fetchall()
                tables.append(
                    {"name": entry["name"], "query": query, "rows": len(rows), "hash": hash_rows(rows)}
                )
    return {"hash": HASH.replace("\n", " "), "vaults": ["kv", "photos"], "schema": schema, "tables": tables}


def main():
    for suffix in ("", "-wal", "-shm"):
        Path(f"{DATABASE}{suffix}").unlink(missing_ok=True)
    make(DATABASE)
    manifest = describe(DATABASE)
    left = [s for s in ("-wal", "-shm") if os.path.exists(f"{DATABASE}{s}")]
    if left:
        sys.exit(f"{DATABASE.name} is not one file: {left} stayed")
    MANIFEST.write_text(json.dumps(manifest, indent=1, ensure_ascii=True) + "\n")
    print(f"{DATABASE.name}: {DATABASE.stat().st_size} bytes, {len(manifest['tables'])} tables of others")


if __name__ == "__main__":
    main()
