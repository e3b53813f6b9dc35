"""Reading call records where they stand: rotated, half-written, in any encoding, locked, lacking columns; read only."""

import csv
import gzip
import io
import os
import sqlite3
import threading
import time
from contextlib import closing
from datetime import UTC, datetime

import pytest

from tests.calls.cdr import CHICAGO, KINDS, TRUNKS, row, written
from textback_pbx.calls.backfill import fold
from textback_pbx.calls.backfill_csv import columns_of
from textback_pbx.calls.backfill_rows import times_of
from textback_pbx.calls.backfill_source import CSV_COLUMNS, CdrSettings, Unreadable, read

NOW_S = 1_795_218_400
DAY = 86_400
CLID = '"A "B" C" <+15125550142>'


def line(at_s: int, *, more: tuple[str, ...] = ("uniqueid", "userfield"), **columns) -> str:
    """A line as cdr_csv writes it, of a call that began at `at_s` (UTC)."""
    stamp = datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%S")
    given = row(calldate=stamp, start=stamp, end=stamp, uniqueid=f"{at_s}.1", clid=CLID) | columns
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(
        [given.get(n, "") for n in (*CSV_COLUMNS, *more)]
    )
    return out.getvalue()


def starts(found) -> list[int]:
    return [one.wall_s for one in found.rows]


@pytest.fixture
def master(tmp_path):
    return tmp_path / "Master.csv"


def source(path, **more) -> CdrSettings:
    return CdrSettings(csv=str(path), zone="America/Chicago", **more)


def test_only_the_end_of_a_large_file_is_read(master):
    old = "".join(line(NOW_S - 40 * DAY + n) for n in range(20_000))
    master.write_text(old + line(NOW_S - 100) + line(NOW_S - 50))
    began = time.process_time()
    found = read(source(master), NOW_S - 3600)
    assert time.process_time() - began < 0.25
    assert starts(found) == [NOW_S - 100, NOW_S - 50]
    assert found.covers


def test_a_half_written_last_line_waits_for_the_next_look(master):
    whole, half = line(NOW_S - 100), line(NOW_S - 50)
    for cut in (1, 40, len(half) - 1):
        master.write_text(whole + half[:cut])
        found = read(source(master), NOW_S - 3600)
        assert (starts(found), found.unfinished, found.damaged) == ([NOW_S - 100], True, 0)
    master.write_text(whole + half)
    assert starts(read(source(master), NOW_S - 3600)) == [NOW_S - 100, NOW_S - 50]


@pytest.mark.parametrize("name", ["Master.csv.1", "Master.csv-20261120", "Master.csv.1.gz", "Master.csv-20261120.gz"])
def test_a_rotated_file_is_read_too(master, name):
    older = line(NOW_S - 5 * DAY) + line(NOW_S - 200)
    master.write_text(line(NOW_S - 50))
    rotated = master.with_name(name)
    rotated.write_bytes(gzip.compress(older.encode()) if name.endswith(".gz") else older.encode())
    os.utime(rotated, (NOW_S - 150, NOW_S - 150))
    found = read(source(master), NOW_S - 3600)
    assert starts(found) == [NOW_S - 200, NOW_S - 50]
    assert [one.order for one in found.rows] == [0, 1]
    assert found.covers
    ancient = master.with_name("Master.csv.2")
    ancient.write_text("nothing of ours")
    os.utime(ancient, (NOW_S - 9 * DAY, NOW_S - 9 * DAY))
    assert read(source(master), NOW_S - 3600).damaged == 0


def test_names_in_any_encoding_are_read(master):
    master.write_bytes(
        line(NOW_S - 9, clid="José <+15125550142>").encode("latin-1")
        + line(NOW_S - 8, clid="Ünal 🐕").encode()
        + line(NOW_S - 7, clid="\x00\x01").encode()
    )
    assert len(read(source(master), NOW_S - 3600).rows) >= 2


def test_damaged_lines_are_counted_and_the_others_read(master):
    master.write_text(
        line(NOW_S - 9) + "what is this\n" + '"unclosed,1,2\n' + line(NOW_S - 7, duration="x") + line(NOW_S - 5)
    )
    found = read(source(master), NOW_S - 3600)
    assert (starts(found), found.damaged) == ([NOW_S - 9, NOW_S - 5], 3)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"Date,Caller,Called\n2026-11-20,1,2\n", "is not what cdr_csv writes"),
        ("Master".encode("utf-16") * 20 + b"\n", "is not what cdr_csv writes"),
        (b"\x7fELF" * 500 + b"\n", "is not what cdr_csv writes"),
    ],
)
def test_something_else_is_said_in_words(master, content, words):
    master.write_bytes(content)
    with pytest.raises(Unreadable, match=words):
        read(source(master), NOW_S - 3600)


def test_no_file_and_no_right_are_said_in_words(master):
    with pytest.raises(Unreadable, match=r"cannot be read: no such file.*cdr\.csv"):
        read(source(master), NOW_S)
    with pytest.raises(Unreadable, match="cannot be read: is a directory"):
        read(source(master.parent), NOW_S)


@pytest.mark.parametrize(
    "more",
    [(), ("uniqueid",), ("userfield",), ("uniqueid", "userfield"), ("peeraccount", "linkedid", "sequence"),
     ("uniqueid", "peeraccount", "linkedid", "sequence"), ("userfield", "peeraccount", "linkedid", "sequence"),
     ("uniqueid", "userfield", "peeraccount", "linkedid", "sequence")],
)  # fmt: skip
def test_every_form_of_cdr_csv_is_told_by_its_columns(more):
    columns = columns_of(
        line(NOW_S, more=more, userfield="note", linkedid="5.5", peeraccount="p", sequence="7"), source("")
    )
    for name in more:
        wanted = {"uniqueid": f"{NOW_S}.1", "userfield": "note", "linkedid": "5.5", "peeraccount": "p", "sequence": "7"}
        assert columns[name] == wanted[name]
    assert columns["clid"] == CLID


def test_columns_in_an_order_of_their_own(master):
    master.write_text("2026-11-20 20:00:00;".replace(";", ",") + "+15125550142,PJSIP/trunk-1,NO ANSWER,12\n")
    chosen = source(master, columns=("start", "src", "channel", "disposition", "duration"))
    (one,) = read(chosen, NOW_S - DAY).rows
    assert (one.number, one.duration_s) == ("+15125550142", 12)
    with pytest.raises(Unreadable, match="no column channel"):
        read(source(master, columns=("start", "src", "x", "disposition", "duration")), NOW_S - DAY)


@pytest.mark.parametrize("kind", KINDS)
def test_master_csv_of_a_real_asterisk_gives_the_calls_of_its_database(kind, master):
    for one in written(kind):
        master.write_text("\n".join(one.csv) + "\n")
        found = read(source(master), NOW_S - DAY)
        assert found.damaged == 0
        calls, _ = fold(found.rows, times_of(found.rows, CHICAGO), TRUNKS)
        got = {call.record.uniqueid: call.verdict.outcome.value for call in calls}
        for call in one.calls:
            if call["outcome"] == "answered" and "cause_26" not in call["scenario"]:
                assert got[call["uniqueid"]] == "answered"
            elif call["uniqueid"] in got and "cause_26" not in call["scenario"]:
                assert got[call["uniqueid"]] != "answered"


# ---- databases -------------------------------------------------------------------------------------------------------


def fill(path, rows: list[dict[str, str]], *, table: str = "cdr", mode: str = "delete") -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        names = list(rows[0])
        connection.execute(f"CREATE TABLE {table} (AcctId INTEGER PRIMARY KEY, {', '.join(names)})")
        marks = ", ".join("?" for _ in names)
        connection.executemany(
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", [list(one.values()) for one in rows]
        )
        connection.commit()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("through", ["sqlite", "url"])
def test_a_database_of_a_real_asterisks_rows(kind, through, tmp_path):
    one = written(kind)[0]
    fill(tmp_path / "master.db", one.rows)
    where = (
        {"sqlite": str(tmp_path / "master.db")} if through == "sqlite" else {"url": f"sqlite:///{tmp_path}/master.db"}
    )
    found = read(CdrSettings(**where, zone="America/Chicago"), NOW_S - DAY)
    assert len(found.rows) == len(one.rows)
    calls, _ = fold(found.rows, times_of(found.rows, CHICAGO), TRUNKS)
    outcomes = {call.record.uniqueid: call.verdict.outcome.value for call in calls}
    answered = [c["uniqueid"] for c in one.calls if c["outcome"] == "answered" and "cause_26" not in c["scenario"]]
    assert [outcomes[uid] for uid in answered] == ["answered"] * len(answered)


def test_reading_takes_no_lock_so_asterisk_loses_no_row(tmp_path):
    """cdr_sqlite3_custom tries five times, a fifth of a millisecond apart, and gives the row up."""
    path = tmp_path / "master.db"
    fill(path, [row(uniqueid=f"{NOW_S}.{n}") for n in range(500)])
    failed, stop, wrote = [], threading.Event(), [0]

    def asterisk() -> None:
        with closing(sqlite3.connect(path, timeout=0.001)) as connection:
            while not stop.is_set():
                try:
                    with connection:
                        connection.execute("INSERT INTO cdr (uniqueid) VALUES ('x')")
                    wrote[0] += 1
                except sqlite3.OperationalError as error:
                    failed.append(error)
                time.sleep(0.05)

    writer = threading.Thread(target=asterisk)
    writer.start()
    try:
        found = [_rows_or_words(path) for _ in range(4)]
    finally:
        stop.set()
        writer.join()
    assert failed == []
    assert wrote[0] > 1
    assert all(one >= 500 if isinstance(one, int) else "tried again later" in one for one in found)
    assert any(isinstance(one, int) for one in found)


def _rows_or_words(path) -> int | str:
    try:
        return len(read(CdrSettings(sqlite=str(path)), NOW_S - DAY).rows)
    except Unreadable as problem:
        return str(problem)


def test_a_database_in_mid_write_is_busy_and_read_when_it_is_done(tmp_path):
    path = tmp_path / "master.db"
    fill(path, [row(uniqueid=f"{NOW_S}.1")])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA cache_spill = 1")
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO cdr (channel) VALUES (?)", [("x" * 3_000,) for _ in range(200)])
        with pytest.raises(Unreadable, match=r"cannot be read now .*tried again later"):
            read(CdrSettings(sqlite=str(path)), NOW_S - DAY)
        connection.rollback()
    assert len(read(CdrSettings(sqlite=str(path)), NOW_S - DAY).rows) == 1


def test_a_database_in_wal_mode_is_read_with_what_stands_in_its_log(tmp_path):
    path = tmp_path / "master.db"
    fill(path, [row(uniqueid=f"{NOW_S}.1")], mode="wal")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "INSERT INTO cdr (calldate, channel, disposition) SELECT calldate, channel, disposition FROM cdr"
        )
        connection.commit()
        assert len(read(CdrSettings(sqlite=str(path)), NOW_S - DAY).rows) == 2


@pytest.mark.parametrize("through", ["sqlite", "url"])
def test_what_is_missing_is_said_in_words(through, tmp_path):
    path = tmp_path / "x.db"

    def look(table="cdr"):
        where = {"sqlite": str(path)} if through == "sqlite" else {"url": f"sqlite:///{path}"}
        return read(CdrSettings(**where, table=table), NOW_S - DAY)

    fill(path, [{"calldate": "x", "clid": "y"}])
    with pytest.raises(Unreadable, match="lacks channel, disposition, duration: check"):
        look()
    with pytest.raises(Unreadable, match="has no table 'other'"):
        look("other")
    path.unlink()
    path.write_bytes(b"no database at all" * 10)
    with pytest.raises(Unreadable):
        look()


def test_a_database_that_is_not_there_names_no_password():
    settings = CdrSettings(url="mysql+pymysql://textback:s3cret-word@127.0.0.1:9/asteriskcdrdb")
    with pytest.raises(Unreadable) as problem:
        read(settings, NOW_S)
    assert "the database asteriskcdrdb cannot be read" in str(problem.value)
    assert "s3cret-word" not in str(problem.value) + settings.name + repr(settings)


def test_freepbx_rows_are_read_from_their_own_columns(tmp_path):
    path = tmp_path / "freepbx.db"
    fill(path, [row(did="15125550100", cnum="5125550142", dcontext="ext-group", dst="600", src="600", linkedid="1.1")])
    found = read(CdrSettings(url=f"sqlite:///{path}"), NOW_S - DAY)
    (call,), _ = fold(found.rows, times_of(found.rows, CHICAGO), TRUNKS)
    assert (call.record.dialled, call.record.caller) == ("15125550100", "5125550142")
