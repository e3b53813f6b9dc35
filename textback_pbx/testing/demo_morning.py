"""The demo's morning: who calls, what the phones do, what is written back, and what must come of it. Data only."""

from dataclasses import dataclass, field
from typing import Any

OFFICE = "Lakeside Plumbing"
#: Long enough for a redial to be answered first; the office's choice, 0 by default.
DELAY_S = 8

CONFIG = """
[office]
name = "{office}"
country = "US"
timezone = "America/Chicago"
trade = "home_services"
phone = "+15125550100"
owner = "front desk"
own_numbers = ["+15125550100"]

[hours]
{hours}
public_holidays = false

[ami]
port = {ami_port}
username = "textback"
secret = "secret"

[modem]
port = "{modem}"
seconds_between_texts = 1

[rules]
delay_seconds = {delay}

[database]
path = "{database}"
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """One caller. ``calls`` are requests to the simulated PBX: seconds after the start, script, parameters.

    ``expect``: for each call (outcome, verdict, rule); ``texts``: how many texts the handset must have in the end;
    ``reply``: what the person writes back once the text is there.
    """

    title: str
    caller: str
    calls: tuple[tuple[float, str, dict[str, Any]], ...]
    expect: tuple[tuple[str, str], ...]
    texts: int
    consent: bool = True
    reply: str = ""
    task: str = ""
    withheld: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


_RING = {"seconds": 4.0}
MORNING: tuple[Scene, ...] = (
    Scene(
        "rang out",
        "+15125550142",
        ((0.0, "rang_out", _RING),),
        (("no_answer", "text"),),
        texts=1,
        reply="My water heater is leaking. Can someone come tomorrow after 3?",
        task="reply",
    ),
    Scene("all phones busy", "+15125550143", ((1.0, "busy", {}),), (("busy", "text"),), texts=1),
    Scene(
        "phone unplugged",
        "+15125550144",
        ((2.0, "unplugged", {}),),
        (("not_reachable", "text"),),
        texts=1,
        task="repair",
    ),
    Scene(
        "a group, answered by one",
        "+15125550145",
        ((3.0, "answered", {"desks": ["101", "102", "103"], "rings": 2.0, "talks": 3.0}),),
        (("answered", "nothing"),),
        texts=0,
    ),
    Scene(
        "number withheld",
        "+15125550146",
        ((4.0, "rang_out", {**_RING, "presentation": "prohib_passed_screen"}),),
        (("no_answer", "nothing"),),
        texts=0,
        withheld=True,
    ),
    Scene(
        "no consent on record",
        "+15125550147",
        ((5.0, "rang_out", _RING),),
        (("no_answer", "task"),),
        texts=0,
        consent=False,
        task="call_back",
    ),
    Scene("writes STOP", "+15125550148", ((6.0, "rang_out", _RING),), (("no_answer", "text"),), texts=2, reply="STOP"),
    Scene(
        "calls again and is answered",
        "+15125550149",
        ((7.0, "rang_out", _RING), (12.5, "answered", {"rings": 1.0, "talks": 2.0})),
        (("no_answer", "text"), ("answered", "nothing")),
        texts=0,
    ),
    Scene(
        "repeat caller",
        "+15125550150",
        ((8.0, "rang_out", _RING), (14.0, "rang_out", {"seconds": 5.0})),
        (("no_answer", "text"), ("no_answer", "task")),
        texts=1,
        task="urgent",
    ),
)
