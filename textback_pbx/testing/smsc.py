"""The simulated network behind the modem: a service centre, and handsets with inboxes.

It follows 23.040: it stamps what it takes (SCTS), keeps trying until the validity period ends, sends status reports
(TP-ST, 9.2.3.15) where the sender asked for them, and holds inbound texts back while the modem has no room or no
network (10.2, memory available). One :class:`Smsc` may serve several modems.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from textback_pbx.testing.text_parts import AirPart, HandsetText, assemble, split_text
from textback_pbx.testing.timers import Timers
from textback_pbx.testing.tpdu import Concat, Encoding, Submit, UserData, encode_deliver, encode_report

DEFAULT_VALIDITY_S = 3 * 86_400
FOREIGN_RECIPIENT = "+447700900999"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A text's fate: whether the handset gets it, and the reports: (multiple of the delay, TP-ST, for another text)."""

    arrives: bool
    reports: tuple[tuple[float, int, bool], ...]


#: The fates a test can choose; the key is the `outcome` of the fault `report`.
OUTCOMES: dict[str, Outcome] = {
    "delivered": Outcome(arrives=True, reports=((1, 0x00, False),)),
    "replaced": Outcome(arrives=True, reports=((1, 0x02, False),)),
    "temporary": Outcome(arrives=False, reports=((1, 0x30, False),)),
    "recovered": Outcome(arrives=True, reports=((1, 0x20, False), (2, 0x00, False))),
    "failed": Outcome(arrives=False, reports=((1, 0x41, False),)),
    "expired": Outcome(arrives=False, reports=((1, 0x46, False),)),
    "gave_up": Outcome(arrives=False, reports=((1, 0x62, False),)),
    "duplicate": Outcome(arrives=True, reports=((1, 0x00, False), (1, 0x00, False))),
    "contradicted": Outcome(arrives=True, reports=((1, 0x00, False), (2, 0x41, False))),
    "foreign": Outcome(arrives=True, reports=((1, 0x00, True), (1, 0x00, False))),
    "none": Outcome(arrives=True, reports=()),
    "lost": Outcome(arrives=False, reports=()),
}


@dataclass(frozen=True, slots=True)
class SubmitRecord:
    """One part the network took: what a journal says of it. ``at_ms`` wall UTC, ``monotonic_s`` CLOCK_MONOTONIC."""

    number: int
    at_ms: int
    monotonic_s: float
    sender: str
    to: str
    reference: int
    text: str
    encoding: str
    concat: Concat | None
    report_requested: bool
    validity_s: int | None
    outcome: str
    tpdu: str


@dataclass(slots=True)
class Handset:
    """A telephone on the network. ``auto_reply`` is sent back once for every complete text."""

    number: str
    reachable: bool = True
    auto_reply: str | None = None
    parts: list[AirPart] = field(default_factory=list)
    waiting: list[Callable[[], None]] = field(default_factory=list)
    seen: dict[object, set[int]] = field(default_factory=dict)

    def complete(self, part: AirPart) -> bool:
        """Keep a part; return whether it completed its text."""
        self.parts.append(part)
        concat = part.content.concat
        if concat is None:
            return True
        seen = self.seen.setdefault((part.sender, concat.ref, concat.total, concat.wide), set())
        before = len(seen)
        seen.add(concat.number)
        return before < len(seen) == concat.total

    def inbox(self) -> tuple[HandsetText, ...]:
        """What the telephone shows, with the number of copies that came over the air."""
        return assemble(self.parts)


class Smsc:
    """The service centre: ``report_s`` seconds pass from submit to report; ``zone_minutes`` is the SCTS's zone."""

    def __init__(self, timers: Timers, *, report_s: float = 0.0, zone_minutes: int = 0) -> None:
        self.timers = timers
        self.report_s = report_s
        self.zone_minutes = zone_minutes
        self.handsets: dict[str, Handset] = {}
        self.submits: list[SubmitRecord] = []
        self._fates: deque[tuple[str, float | None]] = deque()
        self._subscribers: dict[str, Callable[[bytes], bool]] = {}
        self._queues: dict[str, deque[bytes]] = {}
        self._reference = 0

    # --- towards handsets ---------------------------------------------------------------------------------

    def handset(self, number: str) -> Handset:
        """Return the telephone with this number; every number has one."""
        return self.handsets.setdefault(number, Handset(number))

    def next_outcome(self, outcome: str, report_s: float | None = None) -> None:
        """Choose the fate of the next submit that has none yet; ValueError when OUTCOMES lacks it."""
        if outcome not in OUTCOMES:
            raise ValueError(f"no outcome {outcome!r}; there are: {', '.join(OUTCOMES)}")
        self._fates.append((outcome, report_s))

    def submit(self, sender: str, submit: Submit, tpdu: bytes, reference: int) -> SubmitRecord:
        """Take a part from a modem; it is on its way from here on."""
        clock = self.timers.clock
        name, report_s = self._fates.popleft() if self._fates else ("delivered", None)
        record = SubmitRecord(
            number=len(self.submits) + 1,
            at_ms=clock.now_ms(),
            monotonic_s=clock.monotonic(),
            sender=sender,
            to=submit.destination,
            reference=reference,
            text=submit.content.text,
            encoding=submit.content.encoding.value,
            concat=submit.content.concat,
            report_requested=submit.report_requested,
            validity_s=submit.validity_s,
            outcome=name,
            tpdu=tpdu.hex().upper(),
        )
        self.submits.append(record)
        self._route(record, submit, OUTCOMES[name], self.report_s if report_s is None else report_s)
        return record

    def _route(self, record: SubmitRecord, submit: Submit, outcome: Outcome, report_s: float) -> None:
        handset = self.handset(record.to)
        expires_ms = record.at_ms + 1000 * (submit.validity_s or DEFAULT_VALIDITY_S)

        def hand_over() -> None:
            clock = self.timers.clock
            late = clock.now_ms() > expires_ms
            fate = OUTCOMES["expired"] if late else outcome
            if fate.arrives:
                flash = submit.dcs & 0xD3 == 0x10
                self._arrive(handset, AirPart(clock.now_ms(), record.sender, record.reference, submit.content, flash))
            if record.report_requested:
                self._report(record, fate, report_s)

        if handset.reachable:
            hand_over()
        else:
            handset.waiting.append(hand_over)
            self.timers.after((expires_ms - record.at_ms) / 1000 + 1, lambda: self._expire(handset, hand_over))

    def _expire(self, handset: Handset, hand_over: Callable[[], None]) -> None:
        if hand_over in handset.waiting:
            handset.waiting.remove(hand_over)
            hand_over()

    def _arrive(self, handset: Handset, part: AirPart) -> None:
        if handset.complete(part) and handset.auto_reply is not None:
            self.inbound(handset.number, part.sender, handset.auto_reply)

    def set_reachable(self, number: str, reachable: bool) -> None:
        """Switch a telephone on or off; what waited for it arrives when it comes back."""
        handset = self.handset(number)
        handset.reachable = reachable
        while reachable and handset.waiting:
            handset.waiting.pop(0)()

    def _report(self, record: SubmitRecord, fate: Outcome, report_s: float) -> None:
        for multiple, status, foreign in fate.reports:
            recipient = FOREIGN_RECIPIENT if foreign else record.to
            reference = (record.reference + 100) % 256 if foreign else record.reference

            def send(status: int = status, recipient: str = recipient, reference: int = reference) -> None:
                self.report(record.sender, reference, recipient, record.at_ms, status)

            self.timers.after(report_s * multiple, send)

    # --- towards modems -----------------------------------------------------------------------------------

    def attach(self, number: str, receive: Callable[[bytes], bool]) -> None:
        """Let a modem with this subscriber receive; ``receive`` returns whether it took the TPDU."""
        self._subscribers[number] = receive
        self.flush(number)

    def detach(self, number: str) -> None:
        """The subscriber is not on the network; what comes for it waits here."""
        self._subscribers.pop(number, None)

    def held(self, number: str) -> int:
        """How many TPDUs wait for a subscriber."""
        return len(self._queues.get(number, ()))

    def offer(self, number: str, tpdu: bytes) -> None:
        """Send one TPDU (a DELIVER or a STATUS-REPORT) to a subscriber, after what already waits."""
        self._queues.setdefault(number, deque()).append(tpdu)
        self.flush(number)

    def flush(self, number: str) -> None:
        """Deliver what waits, in order, until the modem refuses: on attach and when it has room again."""
        queue = self._queues.get(number, deque())
        while queue and number in self._subscribers:
            tpdu = queue.popleft()
            if not self._subscribers[number](tpdu):
                queue.appendleft(tpdu)
                return

    def report(self, number: str, reference: int, recipient: str, scts_ms: int, status: int) -> None:
        """Send a status report to a subscriber; its discharge time is now."""
        now_ms = self.timers.clock.now_ms()
        times = (scts_ms, now_ms)
        self.offer(number, encode_report(reference, recipient, times, status, zone_minutes=self.zone_minutes))

    def inbound(  # one keyword per property of a text that a test may need to bend
        self,
        sender: str,
        number: str,
        text: str,
        *,
        encoding: str | None = None,
        scts_ms: int | None = None,
        ref: int | None = None,
        wide: bool = False,
        order: tuple[int, ...] | None = None,
        language: int = 0,
        flash: bool = False,
    ) -> tuple[str, ...]:
        """Write a text to a subscriber, in as many parts as it needs; return the TPDUs in hex as they were sent.

        ``order`` lists the part numbers to send, so parts can come reversed, twice or never.
        """
        self._reference = (self._reference + 1) % (0x10000 if wide else 0x100)
        parts = split_text(
            text,
            encoding=Encoding(encoding) if encoding else None,
            ref=self._reference if ref is None else ref,
            wide=wide,
            language=language,
        )
        at_ms = self.timers.clock.now_ms() if scts_ms is None else scts_ms
        tpdus = [self._deliver(sender, part, at_ms, language, flash) for part in parts]
        sent = [tpdus[part - 1] for part in (order or range(1, len(tpdus) + 1))]
        for tpdu in sent:
            self.offer(number, tpdu)
        return tuple(tpdu.hex().upper() for tpdu in sent)

    def _deliver(self, sender: str, part: UserData, at_ms: int, language: int, flash: bool) -> bytes:
        plain = {Encoding.GSM7: 0x00, Encoding.DATA: 0x04, Encoding.UCS2: 0x08}[part.encoding]
        dcs = plain | 0x10 if flash else None  # 23.038 clause 4: message class 0
        return encode_deliver(sender, part, at_ms, zone_minutes=self.zone_minutes, dcs=dcs, language=language)
