"""How conversations, their timelines and what was found in them look in a terminal and as JSON."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from textback_pbx.cli.common import now_ms, when

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from textback_pbx.replies.search_store import Hit
    from textback_pbx.replies.threads.store import Thread
    from textback_pbx.replies.threads.timeline import Item

LIST = {
    "id": "thread",
    "number": "number",
    "name": "name",
    "line": "line",
    "status": "status",
    "owner": "owner",
    "due": "due",
    "updated": "updated",
    "last": "last text",
}
FOUND = {"thread_id": "thread", "number": "number", "name": "name", "when": "when", "where": "where", "text": "text"}
_WHERE = {
    "text_in": "they wrote",
    "text_out": "we wrote",
    "note": "note",
    "contact": "contact",
    "number": "number",
}


def row(thread: Thread, zone: ZoneInfo) -> dict[str, Any]:
    """Return a line of the list."""
    from textback_pbx.tasks.book import in_words

    return {
        **dataclasses.asdict(thread),
        "status": thread.status.replace("_", " ") + (" (paused)" if thread.automation == "paused" else ""),
        "due": "" if thread.due_ms is None else in_words(thread.due_ms, now_ms()),
        "updated": when(thread.updated_ms, zone),
        "last": short(thread.last),
    }


def heading(thread: Thread, zone: ZoneInfo) -> str:
    """Return who it is with, and where it stands."""
    parts = [f"{thread.number} on {thread.line}: {thread.status.replace('_', ' ')}"]
    parts += [f"until {when(thread.look_ms, zone)}"] if thread.look_ms is not None else []
    parts += [f"{thread.name or 'no name'}{', ' + thread.customer if thread.customer else ''}"] if thread.name else []
    parts += [f"owner {thread.owner}"] if thread.owner else []
    paused = "; automation paused, a person has to decide" if thread.automation == "paused" else ""
    return "\n".join([", ".join(parts) + paused, *_understood(thread)])


def _understood(thread: Thread) -> list[str]:
    """Return what intake read out of the last text, if anything: staff need not read it out again."""
    from textback_pbx.tasks.notify import fields_in_words

    words = fields_in_words(json.loads(thread.intake))
    return [f"  understood: {words}"] if words else []


def line_of(item: Item, zone: ZoneInfo) -> str:
    """Return a line of the timeline."""
    return f"  {when(item.at_ms, zone)}  {_words(item, zone)}"


def _words(item: Item, zone: ZoneInfo) -> str:
    detail = item.detail
    if item.kind == "text_in":
        odd = f"  [{detail['problem']}]" if detail.get("problem") else ""
        keyword = f"  ({detail['keyword']})" if detail.get("keyword") not in ("", "none", None) else ""
        return f"they wrote: {item.text}{keyword}{odd}"
    if item.kind == "text_out":
        return f"we wrote ({detail['kind']}, {detail['state_in_words']}): {item.text}"
    if item.kind == "task":
        state = f"due {when(detail['due_ms'], zone)}" if detail["state"] == "open" else detail["state"]
        return f"task {item.id} for {detail['owner']} ({detail['priority']}, {state}): {item.text}"
    if item.kind == "booking":
        return f"booked by {detail['actor']}{_window(detail, zone)}" + (f": {item.text}" if item.text else "")
    if item.kind == "note":
        return f"note by {detail['actor']}: {item.text}"
    return item.text


def _window(detail: Any, zone: ZoneInfo) -> str:
    off = f", called off {when(detail['withdrawn_ms'], zone)}" if detail["withdrawn_ms"] is not None else ""
    return f" for {span(detail['from_ms'], detail['until_ms'], zone)}{off}" if detail["from_ms"] is not None else off


def span(from_ms: int, until_ms: int, zone: ZoneInfo) -> str:
    """Return a window: ``Tue 2026-11-24 09:00 to 11:00``."""
    start, end = when(from_ms, zone), when(until_ms, zone)
    return f"{start} to {end[-5:] if start[:-5] == end[:-5] else end}"


def found(hit: Hit, zone: ZoneInfo, *, mark: str = "", end: str = "") -> dict[str, Any]:
    """Return a line of what was found; ``mark`` and ``end`` stand around the words looked for."""
    from textback_pbx.replies.search_store import END, MARK

    text = hit.excerpt.replace(MARK, mark).replace(END, end)
    return {**dataclasses.asdict(hit), "when": when(hit.at_ms, zone), "where": _WHERE[hit.kind], "text": text}


def as_json(thread: Thread) -> dict[str, Any]:
    """Return a thread for programs."""
    return {**dataclasses.asdict(thread), "intake": json.loads(thread.intake)}


def item_json(item: Item) -> dict[str, Any]:
    """Return an item of the timeline for programs."""
    return {"at_ms": item.at_ms, "kind": item.kind, "id": item.id, "text": item.text, "detail": dict(item.detail)}


def short(text: str, longest: int = 60) -> str:
    """Return one line of at most ``longest`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
