"""Rows that tests of replies and tasks start from."""

import itertools

from textback_pbx.replies.inbound import Part

T0 = 1_793_000_000_000
SENDER = "+15125550142"
_counter = itertools.count(1)


def a_part(text="hello", **changes):
    values = {"modem": "m1", "sender": SENDER, "raw": f"07{next(_counter):06X}", "received_ms": T0, "text": text}
    values |= {"scts_ms": T0 - 2000, **changes}
    return Part(**values)


async def a_call(tx, *, line="main", caller=SENDER, ended_ms=T0, outcome="no_answer", **changes):
    n = next(_counter)
    row = {
        "call_key": f"k{n}",
        "pbx": "pbx",
        "uniqueid": f"u{n}",
        "line": line,
        "dialled": "100",
        "caller_raw": caller or "",
        "caller": caller,
        "withheld": int(caller is None),
        "started_ms": ended_ms - 20_000,
        "ended_ms": ended_ms,
        "outcome": outcome,
        **changes,
    }
    return await _insert(tx, "calls", row)


async def a_decision(tx, call_id, *, verdict="text", rule="text", at_ms=T0):
    row = {"call_id": call_id, "at_ms": at_ms, "verdict": verdict, "rule": rule, "reason": "because"}
    return await _insert(tx, "decisions", {**row, "trace": "[]", "facts": "{}"})


async def a_message(
    tx, *, kind="auto", line="main", number=SENDER, at_ms=T0, state="accepted", call_id=None, **changes
):
    row = {
        "kind": kind,
        "call_id": call_id,
        "line": line,
        "number": number,
        "body": "Sorry we missed you",
        "encoding": "gsm7",
        "segments": 1,
        "created_ms": at_ms,
        "not_before_ms": at_ms,
        "expires_ms": at_ms + 900_000,
        "actor": "agent",
        **changes,
    }
    message_id = await _insert(tx, "messages", row)
    left = state not in ("queued", "claimed", "cancelled", "expired")
    part = {"message_id": message_id, "seq": 1, "total": 1, "text": "x", "state": state, "next_try_ms": at_ms}
    part |= {"tries": int(left), "handed_over_ms": at_ms + 1000 if left else None}
    await _insert(tx, "parts", part)
    return message_id


async def _insert(tx, table, row):
    names = ", ".join(row)
    marks = ", ".join("?" * len(row))
    return await tx.insert(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))
