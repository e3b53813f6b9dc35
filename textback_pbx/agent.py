"""The composition root: builds every part once, runs the loops in one TaskGroup, stops them in order.

Start: the database and its lock, what a crash left, the clock's verdict, the modem (whose SIM is drained before the
first claim), the PBX. Stop: listen, decide and handle end at once; a text that is being sent gets its grace; the
modem closes last. A missing PBX or modem is waited for.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from textback_pbx.calls.backfill_source import CdrSettings
from textback_pbx.calls.settings import AmiSettings
from textback_pbx.clock import Clock
from textback_pbx.config import Ami, Settings
from textback_pbx.database import Database
from textback_pbx.health import Board, forget_others
from textback_pbx.nudge import Nudges
from textback_pbx.outbox import claim_store
from textback_pbx.outbox.claim_store import Drop, Go, Later
from textback_pbx.outbox.store import OpenTx
from textback_pbx.pipeline import send
from textback_pbx.pipeline.decide import Decider
from textback_pbx.pipeline.deliver import Deliverer
from textback_pbx.pipeline.follow_up import Nudger
from textback_pbx.pipeline.handle import Handler, Unread
from textback_pbx.pipeline.keep import Keeper
from textback_pbx.pipeline.lines import Lines
from textback_pbx.pipeline.listen import Listener
from textback_pbx.pipeline.loop import Bell, insist, work
from textback_pbx.pipeline.metrics import Exporter
from textback_pbx.pipeline.modems import outbox_settings
from textback_pbx.pipeline.office import office_of
from textback_pbx.pipeline.receive import Receiver
from textback_pbx.pipeline.repair import Repairer, Source
from textback_pbx.pipeline.tell import Teller
from textback_pbx.pipeline.upkeep import Upkeep, plan_of
from textback_pbx.pipeline.weekly import Weekly, weekly_of

#: What happened to a call or a text is told so much later, seconds; what a customer writes is told at once.
_TELL_AFTER_S = 1.0


class Agent:
    """Every part of one running agent, joined."""

    def __init__(self, database: Database, settings: Settings, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self.board = Board(clock)
        office = office_of(settings)
        self._decide_bell, self._handle_bell, self._keep_bell = Bell(clock), Bell(clock), Bell(clock)
        self._nudge_bell, self._repair_bell, self._upkeep_bell = Bell(clock), Bell(clock), Bell(clock)
        self._tell_bell, self._deliver_bell, self._weekly_bell = Bell(clock), Bell(clock), Bell(clock)
        self._telling: asyncio.TimerHandle | None = None
        self.board.on_change = self._keep_bell.ring
        self._outbox = outbox_settings(settings)
        self._keeper = Keeper(database, clock, self.board, on_change=self._wake_all, zone=settings.zone())
        unread = Unread()
        trusted = self._keeper.trusted
        self._listeners = tuple(
            Listener(
                (database, office, clock, self.board),
                ami_settings(settings, pbx),
                component="ami" if len(settings.pbxs()) == 1 else f"ami:{pbx.name}",
                clock_trusted=trusted,
                on_call=self._decide_bell.ring,
                on_heard_again=self._repair_bell.ring,
            )
            for pbx in settings.pbxs()
        )
        self._repairer = Repairer(
            (database, office, clock, self.board),
            sources_of(settings),
            clock_trusted=trusted,
            on_call=self._decide_bell.ring,
        )
        self._decider = Decider(
            database,
            office,
            clock,
            clock_trusted=trusted,
            on_the_phone=self._on_the_phone,
            on_text=self._wake_sender,
        )
        self._nudger = Nudger(database, office, clock, clock_trusted=trusted, on_text=self._wake_sender)
        self._handler = Handler(database, office, clock, unread, on_text=self._wake_sender)
        receiver = Receiver(
            database,
            office,
            clock,
            self._outbox,
            before_text=unread.store,
            on_text=self._handle_bell.ring,
            on_settled=self._wake_sender,
        )
        self._lines = Lines(
            settings,
            database,
            clock,
            board=self.board,
            receiver=receiver,
            hooks=send.hooks_of(
                office,
                self.board,
                self._look_again,
                now_ms=clock.now_ms,
                unread=lambda: unread.any,
                on_event=self._tell_soon,
            ),
        )
        parts = (database, office, clock, self.board)
        self._teller = Teller(parts, clock_trusted=trusted, on_notice=self._deliver_bell.ring)
        self._deliverer = Deliverer(parts, on_text=self._wake_sender)
        self._weekly = Weekly(
            (database, office, clock),
            weekly_of(settings),
            settings.zone(),
            clock_trusted=trusted,
            on_notice=self._deliver_bell.ring,
        )
        self._exporter = Exporter(settings.metrics.textfile, database, self.board, clock)
        self._upkeep = Upkeep(database, plan_of(settings), clock, self.board, clock_trusted=trusted)
        self._office = office

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set. Raises what is a bug."""
        await insist(self._start, clock=self._clock, board=self.board)
        nudges = Nudges(self._database.path, self._wake_all)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {name: group.create_task(loop, name=name) for name, loop in self._loops().items()}
                await stop.wait()
                for task in tasks.values():
                    task.cancel()
                    await asyncio.wait({task})
        finally:
            nudges.close()
            await self._deliverer.close()
            with contextlib.suppress(Exception):  # the disk may be why the agent ends
                for listener in self._listeners:
                    await listener.beat(now=True)
                await self.board.save(self._database)

    def _loops(self) -> dict[str, Coroutine[Any, Any, None]]:
        """Return the loops, in the order in which they stop."""

        def loop(step: Callable[[], Awaitable[float]], bell: Bell) -> Coroutine[Any, Any, None]:
            return work(step, bell, clock=self._clock, board=self.board)

        return {
            **{f"session {one.name}": one.session.run() for one in self._listeners},
            **{f"listen {one.name}": one.run() for one in self._listeners},
            "repair": loop(self._repairer.step, self._repair_bell),
            "decide": loop(self._then_tell(self._decider.step, self._tell_soon), self._decide_bell),
            "nudge": loop(self._nudger.step, self._nudge_bell),
            "handle": loop(self._then_tell(self._handler.step, self._tell_bell.ring), self._handle_bell),
            "tell": loop(self._teller.step, self._tell_bell),
            "weekly": loop(self._weekly.step, self._weekly_bell),
            "deliver": loop(self._deliverer.step, self._deliver_bell),
            "send": self._lines.send(),
            "receive": self._lines.receive(),
            "modem": self._lines.run(),
            "upkeep": loop(self._upkeep.step, self._upkeep_bell),
            "keep": loop(self._keep, self._keep_bell),
        }

    async def _start(self) -> None:
        """Find what a crash left, before anything new happens."""
        await self._keeper.start()
        await self._upkeep.start()
        async with self._database.transaction() as tx:
            now_ms = self._clock.now_ms()
            for one in await claim_store.recover_all(tx, now_ms, self._outbox):
                await send.follow(tx, self._office, one, now_ms)
            await forget_others(tx, "ami", [listener.component for listener in self._listeners])
            await forget_others(tx, "modem", self._lines.components)
        for listener in self._listeners:
            await listener.start()

    async def _keep(self) -> float:
        for listener in self._listeners:
            await listener.beat()
        self._lines.write_figures()
        pause = await self._keeper.step()
        await self._exporter.write(self._lines.all_figures())
        return pause

    def _tell_soon(self) -> None:
        """Wake the tell loop when the text that is on its way has left: its commits must not stand before that."""
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(_TELL_AFTER_S, self._tell_now)

    def _tell_now(self) -> None:
        self._telling = None
        self._tell_bell.ring()

    def _then_tell(
        self, step: Callable[[], Awaitable[float]], tell: Callable[[], None]
    ) -> Callable[[], Awaitable[float]]:
        """Return a step that has the tell loop woken when it did something."""

        async def both() -> float:
            pause = await step()
            if pause == 0:
                tell()
            return pause

        return both

    async def _look_again(self, tx: OpenTx, message: Any) -> Go | Drop | Later:
        nudge = message["kind"] == "nudge"
        return await (self._nudger if nudge else self._decider).look_again(tx, message)

    def _wake_sender(self) -> None:
        self._lines.wake()

    def _wake_all(self) -> None:
        self._decide_bell.ring()
        self._handle_bell.ring()
        self._nudge_bell.ring()
        self._upkeep_bell.ring()
        self._weekly_bell.ring()
        self._keep_bell.ring()
        self._tell_bell.ring()
        self._deliver_bell.ring()
        self._lines.wake()

    def _on_the_phone(self, number: str) -> bool:
        """Whether this person is on a call with the office now, on any PBX."""
        return any(listener.on_the_phone(number) for listener in self._listeners)


def ami_settings(settings: Settings, pbx: Ami | None = None) -> AmiSettings:
    """Map the configuration of one PBX (that of ``[ami]``) onto the session's settings."""
    ami = pbx or settings.ami
    return AmiSettings(
        name=ami.name,
        host=ami.host,
        port=ami.port,
        username=ami.username,
        secret=settings.ami_secret(ami),
        tls=ami.tls,
        ca_file=str(ami.ca_file) if ami.ca_file else None,
        tls_name=ami.tls_name,
        contexts=ami.contexts,
        trunks=ami.trunks,
        without_presentation=ami.without_presentation,
        ping_s=ami.liveness_seconds / 3,
        liveness_s=float(ami.liveness_seconds),
    )


def sources_of(settings: Settings) -> dict[str, Source]:
    """Map the configuration of each PBX's call records onto the repair's sources, by the PBX's name."""
    alone = len(settings.pbxs()) == 1
    return {
        pbx.name: Source(
            ami_settings(settings, pbx), cdr_settings(settings, pbx), "cdr" if alone else f"cdr:{pbx.name}"
        )
        for pbx in settings.pbxs()
    }


def cdr_settings(settings: Settings, pbx: Ami) -> CdrSettings:
    """Map the configuration of one PBX's call records onto the settings of what reads them."""
    cdr = settings.cdr_of(pbx)
    return CdrSettings(
        csv=cdr.csv,
        sqlite=cdr.sqlite,
        url=settings.cdr_url(cdr),
        table=cdr.table,
        columns=cdr.columns,
        times=cdr.times,
        zone=cdr.timezone or settings.office.timezone,
        unanswered=cdr.unanswered,
        delay_s=cdr.delay_seconds,
        days=cdr.days,
        margin_s=max(cdr.margin_seconds, 2 * pbx.liveness_seconds),
    )
