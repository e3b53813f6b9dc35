"""A timeline holds everything between one number and one line, and nothing else: against a look at every row."""

import random

from tests.tasks.support_year import FIRST, NUMBERS, make_year, moment
from textback_pbx.replies.threads.store import add_note, find_thread
from textback_pbx.replies.threads.timeline import KINDS
from textback_pbx.replies.threads.timeline_store import timeline

TABLES = ("calls", "calls_out", "messages", "inbound", "notes", "tasks", "bookings", "threads")


async def with_notes_and_tasks(tx, rnd):
    calls = await tx.all("SELECT id, caller, line FROM calls WHERE caller IS NOT NULL")
    for n, call in enumerate(rnd.sample(list(calls), 150)):
        thread = await tx.value("SELECT id FROM threads WHERE number = ? AND line = ?", (call["caller"], call["line"]))
        await add_note(tx, thread, moment(rnd), "sam", f"note {n}")
        by = rnd.choice(["call", "thread", "number"])
        values = {
            "call": (call["id"], None, None, "done"),
            "thread": (None, thread, None, "done"),
            "number": (None, None, call["caller"], "open"),
        }[by]
        await tx.run(
            "INSERT INTO tasks (kind, source, call_id, thread_id, number, state, line, reason, owner, due_ms,"
            " created_ms) VALUES ('call_back', ?, ?, ?, ?, ?, ?, 'r', 'o', 0, ?)",
            (f"x:{n}", *values, call["line"], moment(rnd)),
        )


def slow(rows, thread):
    """Everything that belongs to this thread, by looking at every row."""
    number, line = thread.number, thread.line
    ours = {"number": number, "line": line}
    calls = {c["id"] for c in rows["calls"] if (c["caller"], c["line"]) == (number, line)}
    found = {("call", c["id"], c["ended_ms"]) for c in rows["calls"] if c["id"] in calls}
    found |= {("call_out", o["id"], o["ended_ms"]) for o in rows["calls_out"] if o["number"] == number}
    for m in rows["messages"]:
        if ours.items() <= m.items() and m["kind"] not in ("notify", "test"):
            found.add(("text_out", m["id"], m["created_ms"]))
    found |= {("text_in", i["id"], i["received_ms"]) for i in rows["inbound"] if i["thread_id"] == thread.id}
    found |= {("note", n["id"], n["at_ms"]) for n in rows["notes"] if n["thread_id"] == thread.id}
    found |= {("booking", b["id"], b["made_ms"]) for b in rows["bookings"] if b["thread_id"] == thread.id}
    for task in rows["tasks"]:
        open_here = task["state"] == "open" and ours.items() <= task.items()
        if task["thread_id"] == thread.id or task["call_id"] in calls or open_here:
            found.add(("task", task["id"], task["created_ms"]))
    return sorted(found, key=lambda one: (one[2], KINDS.index(one[0]), one[1]))


async def test_everything_of_one_number_and_line_and_nothing_else(database):
    rnd = random.Random(11)
    async with database.transaction() as tx:
        await make_year(tx, seed=3, calls=500, ledger=False)
        await with_notes_and_tasks(tx, rnd)
        rows = {table: [dict(row) for row in await tx.all(f"SELECT * FROM {table}")] for table in TABLES}
    seen = 0
    async with database.read() as tx:
        for row in rows["threads"][:: len(NUMBERS) // 20]:
            thread = await find_thread(tx, row["id"])
            expected = slow(rows, thread)
            for limit in (10_000, 7, 1):
                items = await timeline(tx, thread, limit)
                assert [(one.kind, one.id, one.at_ms) for one in items] == expected[-limit:]
            seen += len(expected)
    assert seen > 300
    assert all(one["opened_ms"] == FIRST for one in rows["threads"])
