"""An office with staff on the manual clock: the handle, tell and deliver loops on one database, no modem, no PBX.

What would leave by the modem stands in the outbox; endpoints and mail are receivers in memory that hold what they
took and can be down.
"""

import itertools
from pathlib import Path

from textback_pbx.config import parse
from textback_pbx.database import Database
from textback_pbx.health import Board
from textback_pbx.pipeline.deliver import Deliverer
from textback_pbx.pipeline.handle import Handler, Unread
from textback_pbx.pipeline.office import office_of
from textback_pbx.pipeline.tell import Teller
from textback_pbx.replies.inbound import Part
from textback_pbx.replies.store import store_part
from textback_pbx.tasks.notify import Again, Told

CUSTOMER = "+15125550142"
KIM, LEE, ADA = "+15125550171", "+15125550172", "+15125550173"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CONFIG = f"""
[office]
name = "Lakeside Plumbing"
country = "US"
region = "TX"
timezone = "America/Chicago"
trade = "home_services"
phone = "+15125550100"
owner = "front desk"
[hours]
monday = ["08:00-17:00"]
tuesday = ["08:00-17:00"]
wednesday = ["08:00-17:00"]
thursday = ["08:00-17:00"]
friday = ["08:00-17:00"]
[[people]]
name = "kim"
role = "technician"
phone = "{KIM}"
tell = ["sms"]
[people.hours]
monday = ["00:00-24:00"]
tuesday = ["00:00-24:00"]
wednesday = ["00:00-24:00"]
thursday = ["00:00-24:00"]
friday = ["00:00-24:00"]
saturday = ["00:00-24:00"]
sunday = ["00:00-24:00"]
public_holidays = false
[[people]]
name = "lee"
role = "technician"
phone = "{LEE}"
tell = ["sms"]
[[people]]
name = "ada"
role = "admin"
phone = "{ADA}"
tell = ["sms"]
[[queues]]
name = "on call"
members = ["kim", "lee"]
territory = ["787"]
[[routes]]
name = "water heaters"
words = ["water heater"]
to = "on call"
priority = "urgent"
[[webhooks]]
name = "crm"
url = "https://hooks.example.com/x"
secret = "{SECRET}"
[[webhooks]]
name = "wall"
url = "https://wall.example.com/x"
secret = "{SECRET}"
events = ["task.overdue", "optout"]
"""
#: Tuesday 2026-11-24, 10:00 in Chicago; Thursday is Thanksgiving.
TUESDAY_10 = 1_795_536_000_000


class Receiver:
    """Every endpoint, or the mail, as one object: what it took, what it was asked, and whether it is down."""

    def __init__(self) -> None:
        self.down: set[str] = set()
        self.taken: list[tuple[str, str, dict]] = []  # endpoint, id, payload
        self.asked: list[tuple[str, str]] = []
        self.lost_answers = 0  # so many times it takes an event and its answer is lost

    async def post(self, endpoint, uid, payload, now_ms, tries):
        self.asked.append((endpoint.name, uid))
        if endpoint.name in self.down:
            return Again("it could not be reached")
        self.taken.append((endpoint.name, uid, payload))
        if self.lost_answers:
            self.lost_answers -= 1
            return Again("no answer within 10 s")
        return Told()

    async def tell(self, addresses, title, body):
        self.taken.append((addresses[0], title, {"body": body}))
        return Told()

    def ids(self, name):
        """Each event once, as a receiver that looks at the id keeps them."""
        return list(dict.fromkeys(uid for endpoint, uid, _ in self.taken if endpoint == name))

    def types(self, name="crm"):
        seen = {uid: payload["type"] for endpoint, uid, payload in self.taken if endpoint == name}
        return list(seen.values())


class Desk:
    """What a test does to the office, and what it can see."""

    def __init__(self, clock, *, extra="", config=CONFIG) -> None:
        self.clock = clock
        self.config = config + extra
        self.receiver = Receiver()
        self.trusted = True
        self._counter = itertools.count(1)
        self.parts = []

    async def open(self, path: Path):
        """Start on a database; again on the same one is a restart."""
        self.path = path
        self.database = await Database.open(path)
        self.office = office_of(parse(self.config, Path("test.toml")))
        self.board = Board(self.clock)
        parts = (self.database, self.office, self.clock, self.board)
        self.handler = Handler(self.database, self.office, self.clock, Unread(), on_text=lambda: None)
        self.teller = Teller(parts, clock_trusted=lambda: self.trusted, on_notice=lambda: None)
        self.deliverer = Deliverer(parts, on_text=lambda: None, poster=self.receiver, mailer=self.receiver)
        return self

    async def close(self):
        await self.database.close()

    async def writes(self, text, sender=CUSTOMER):
        """Somebody writes to the office's SIM; the loops run."""
        async with self.database.transaction() as tx:
            now_ms = self.clock.now_ms()
            part = Part("m", sender, f"07{next(self._counter):06X}", now_ms, text, scts_ms=now_ms)
            await store_part(tx, part)
        self.parts.append(part)
        await self.work()

    async def reads_again(self, index):
        """Read a text from the SIM that was stored already: the agent ended before it was deleted."""
        async with self.database.transaction() as tx:
            await store_part(tx, self.parts[index])
        await self.work()

    async def work(self):
        """Let every loop work until it has nothing to do now."""
        for step in (self.handler.step, self.teller.step, self.deliverer.step):
            for _ in range(200):
                if await step() != 0:
                    break
            else:
                raise AssertionError(f"{step} never ends")

    async def later(self, minutes, every=1):
        """Let time pass; the loops look once a minute, their longest pause, or less often where it is long."""
        for _ in range(int(minutes) // every):
            await self.clock.advance(60 * every)
            await self.work()

    async def jump(self, minutes):
        """Let time pass while nothing runs."""
        await self.clock.advance(60 * minutes)

    async def rows(self, sql, *params):
        async with self.database.read() as tx:
            return [dict(row) for row in await tx.all(sql, params)]

    async def texts(self, number):
        """Every text to one number, in order."""
        rows = await self.rows("SELECT body FROM messages WHERE number = ? ORDER BY id", number)
        return [row["body"] for row in rows]

    async def tasks(self, state="open"):
        return await self.rows("SELECT * FROM tasks WHERE state = ? ORDER BY id", state)
