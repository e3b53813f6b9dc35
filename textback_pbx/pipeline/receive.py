"""Modem -> stored texts and status reports: committed first, deleted from the SIM only then (promise 4).

A PDU that cannot be read is kept raw and shown; nothing that comes in stops the loop or stays in its slot.
"""

import asyncio
import logging
from collections.abc import Callable

from textback_pbx import phone
from textback_pbx.clock import Clock
from textback_pbx.consent import grammar
from textback_pbx.database import Database, Tx
from textback_pbx.modem import pdu
from textback_pbx.modem.items import Direct, Stored
from textback_pbx.outbox import report_store
from textback_pbx.outbox.attempt import LateAccept
from textback_pbx.outbox.reports import Report
from textback_pbx.outbox.settings import OutboxSettings
from textback_pbx.outbox.store import Settled, WrongStep
from textback_pbx.pipeline import send
from textback_pbx.pipeline.office import Office
from textback_pbx.replies import inbound
from textback_pbx.replies import store as replies

log = logging.getLogger(__name__)


class Receiver:
    """What is done with each item of a modem's stream."""

    def __init__(
        self,
        database: Database,
        office: Office,
        clock: Clock,
        settings: OutboxSettings,
        *,
        before_text: Callable[[], None],
        on_text: Callable[[], None],
        on_settled: Callable[[], None],
    ) -> None:
        self._database, self._office, self._clock = database, office, clock
        self._settings, self._before_text, self._on_text = settings, before_text, on_text
        self._on_settled = on_settled

    async def keep(self, item: Stored | Direct | LateAccept) -> None:
        """Commit one item. Raises ``sqlite3.Error``; the caller tries again and deletes only after it returned."""
        if isinstance(item, LateAccept):
            await self._late(item)
            return
        read = pdu.decode(item.pdu)
        if isinstance(read, pdu.StatusReport):
            await self._report(item, read)
        else:
            await self._text(item, read)

    async def _late(self, item: LateAccept) -> None:
        async with self._database.transaction() as tx:
            now_ms = self._clock.now_ms()
            try:
                settled = await report_store.accept_late(tx, item, now_ms, self._settings.reports)
            except WrongStep as error:
                log.warning("a late answer of the network changes nothing: %s", error)
                return
            await self._follow(tx, settled, now_ms)
        self._on_settled()

    async def _report(self, item: Stored | Direct, read: pdu.StatusReport) -> None:
        report = Report(
            recipient=self._number(read.recipient),
            tp_mr=read.tp_mr,
            tp_st=read.tp_st,
            received_ms=item.received_ms,
            modem=item.modem,
            iccid=item.iccid,
            scts_ms=read.scts_ms,
            discharge_ms=read.discharge_ms,
            raw=read.raw,
        )
        async with self._database.transaction() as tx:
            now_ms = self._clock.now_ms()
            applied = await report_store.apply_report(tx, report, now_ms, self._settings.reports)
            await self._follow(tx, list(applied.settled), now_ms)
        if applied.settled:
            self._on_settled()  # the next part of a long text may have waited for this one
        log.info("status report for %s: %s", phone.tag(report.recipient), applied.words)

    async def _follow(self, tx: Tx, settled: list[Settled], now_ms: int) -> None:
        for one in settled:
            await send.follow(tx, self._office, one, now_ms)

    async def _text(self, item: Stored | Direct, read: pdu.Deliver | pdu.Undecodable) -> None:
        self._before_text()
        async with self._database.transaction() as tx:
            stored = await replies.store_part(tx, self._part(item, read))
        who = phone.tag(read.sender) if isinstance(read, pdu.Deliver) else "nobody we can read"
        log.info("text from %s: %s", who, stored)
        # The first text loads the language files (a second or more on a Pi): beside the loop, not in it.
        await asyncio.to_thread(grammar.load)
        self._on_text()

    def _part(self, item: Stored | Direct, read: pdu.Deliver | pdu.Undecodable) -> inbound.Part:
        if isinstance(read, pdu.Undecodable):
            return inbound.Part(item.modem, "", read.raw, item.received_ms, None, problem=read.reason, iccid=item.iccid)
        concat = read.concat
        reference = None if concat is None else inbound.wide(concat.ref) if concat.wide else concat.ref
        return inbound.Part(
            modem=item.modem,
            sender=self._number(read.sender),
            raw=read.raw,
            received_ms=item.received_ms,
            text=read.text,
            scts_ms=read.scts_ms,
            concat_ref=reference,
            seq=concat.seq if concat else 1,
            total=concat.total if concat else 1,
            problem=read.problem,
            iccid=item.iccid,
        )

    def _number(self, address: str) -> str:
        """A network may send national numbers; a STOP must count for the number we would text."""
        number = phone.parse(address, self._office.country)
        return number.e164 if isinstance(number, phone.Number) else address
