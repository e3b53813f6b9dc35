"""A script for the simulated modem: the control channel's requests, one JSON object a line, done in their order.

Empty lines and lines that begin with ``#`` are left out. A scene is so a file that anybody can play again::

    {"do": "arm", "fault": "unplug", "on": "submitted", "args": {"replug_after": 5}}
    {"do": "wait", "kind": "submit", "seconds": 60}
    {"do": "inbound", "from": "+15125550150", "text": "STOP"}
"""

import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

#: Answers one request line, as ControlServer.answer does.
Answer = Callable[[bytes], Awaitable[dict[str, Any]]]


async def play(lines: Iterable[str], answer: Answer, say: Callable[[str], object]) -> bool:
    """Do every request, say its answer; False at the first that is refused, which ends the script."""
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        said = await answer(text.encode())
        if not said["ok"]:
            say(f"line {number}: {said['error']}")
            return False
        say(json.dumps(said["result"], ensure_ascii=False, default=str))
    return True
