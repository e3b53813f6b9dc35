"""What came of the demo's morning, read from the agent's database and from the handsets, and what is wrong with it."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textback_pbx.database import Database
from textback_pbx.story import Story, of_call
from textback_pbx.testing.demo_morning import Scene
from textback_pbx.testing.modem_client import ModemControl
from textback_pbx.testing.text_parts import HandsetText


@dataclass(frozen=True, slots=True)
class Seen:
    """Every call's story in order, each handset's texts, the ledger's opt-outs, the open tasks by number."""

    stories: tuple[Story, ...]
    inboxes: dict[str, tuple[HandsetText, ...]]
    opted_out: int
    tasks: tuple[dict[str, Any], ...]


async def look(path: Path, modem: ModemControl) -> Seen:
    """Read everything there is to see now."""
    try:
        database = await Database.open(path, read_only=True)
    except (sqlite3.Error, OSError):
        return Seen((), {}, 0, ())
    try:
        async with database.read() as tx:
            ids = [row["id"] for row in await tx.all("SELECT id FROM calls ORDER BY started_ms, id")]
            stories = [story for call_id in ids if (story := await of_call(tx, str(call_id)))]
            opted_out = int(await tx.value("SELECT count(*) FROM opt_outs"))
            tasks = await tx.all("SELECT * FROM tasks ORDER BY id")
    finally:
        await database.close()
    numbers = {story["call"]["caller"] for story in stories if story["call"]["caller"]}
    inboxes = {number: await modem.inbox(number) for number in sorted(numbers)}
    return Seen(tuple(stories), inboxes, opted_out, tuple(dict(task) for task in tasks))


def problems(seen: Seen, morning: Sequence[Scene]) -> list[str]:
    """Return, scene by scene, what is not as it must be."""
    found = []
    for scene in morning:
        found += [f"{scene.title}: {problem}" for problem in _scene_problems(seen, scene)]
    if seen.opted_out != 1:
        found.append(f"{seen.opted_out} opt-outs in the ledger instead of 1")
    return found


def stories_of(seen: Seen, scene: Scene) -> list[Story]:
    """Return the scene's calls in order; a withheld caller is known by its want of a number."""
    if scene.withheld:
        return [story for story in seen.stories if story["call"]["withheld"]]
    return [story for story in seen.stories if story["call"]["caller"] == scene.caller]


def _scene_problems(seen: Seen, scene: Scene) -> list[str]:
    stories = stories_of(seen, scene)
    have = tuple((s["call"]["outcome"], (s["decision"] or {}).get("verdict", "no decision yet")) for s in stories)
    found = [] if have == scene.expect else [f"outcome and decision {have} instead of {scene.expect}"]
    texts = seen.inboxes.get(scene.caller, ())
    if len(texts) != scene.texts:
        found.append(f"the handset has {len(texts)} texts instead of {scene.texts}")
    if any(copies != 1 for text in texts for copies in text.copies):
        found.append("a text went out twice")
    parts = [part for story in stories for message in story["messages"] for part in message["parts"]]
    if any(part["tries"] and part["state"] != "delivered" for part in parts):
        found.append("a status report is missing")
    if scene.reply and not any(reply["keyword"] for s in stories for reply in s["replies"]):
        found.append("the reply is not in the thread")
    return found + _task_problems(seen, scene, stories)


def _task_problems(seen: Seen, scene: Scene, stories: list[Story]) -> list[str]:
    if not scene.task:
        return []
    calls = {story["call"]["id"] for story in stories}
    mine = [task for task in seen.tasks if task["number"] == scene.caller or task["call_id"] in calls]
    kinds = {task["kind"] for task in mine} | {task["priority"] for task in mine}
    return [] if scene.task in kinds else [f"no task {scene.task!r}"]
