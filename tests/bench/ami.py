"""The AMI path beside stock panoramisk, asterisk-ami and pyst2, and its memory; all on the same recorded streams.

What is compared is what each does with bytes as they come off the socket, in chunks of 4 KiB, until an event has
reached its listener. Ours splits, filters, reads and folds the events into calls (the listener is the fold). The
others split and parse every event into a dictionary or message and call one listener that does nothing; none of them
folds. CPU time on one core, the runs in turn so that a busy machine is unfair to nobody; ratios are medians.

Three streams off a real Asterisk 22. `busy`: what a `read = all` user, as panoramisk's users have one, gets of a busy
office (record_busy.py). `full`: the same account, calls of a few seconds one after the other, so that more of the
events are ones that calls need. `minimal`: `read = call,agent,user`, the account the installer makes; there Asterisk
has dropped already what we would, and nearly every event is read and folded.
"""

import gc
import gzip
import io
import re
import resource
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path

RECORDINGS = Path(__file__).parents[1] / "calls" / "recordings"
BUSY = Path(__file__).parent / "busy_office.full.ami.gz"
CHUNK = 4096
ROUNDS = 15
_CHANVARIABLE = re.compile(rb"(?:Dest)?ChanVariable[^\n]*\n")


def stream(view: str) -> bytes:
    """The busy office, or every recording of one view, one after the other."""
    if view == "busy":
        return gzip.decompress(BUSY.read_bytes())
    return b"".join(file.read_bytes() for file in sorted(RECORDINGS.glob(f"*.{view}.ami")))


def chunks(data: bytes, size: int = CHUNK) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def ours(pieces: list[bytes]) -> None:
    """Split, filter, read, fold: as the agent's session and watcher do, without their clock."""
    from textback_pbx.calls.replay import replay

    replay(pieces)


def panoramisk(pieces: list[bytes]) -> None:
    from panoramisk import Manager
    from panoramisk.ami_protocol import AMIProtocol

    manager = Manager(loop=None)
    manager.register_event("*", lambda *_: None)
    protocol = AMIProtocol()
    protocol.connection_made(None)
    protocol.factory, protocol.encoding = manager, "utf8"
    for piece in pieces:
        protocol.data_received(piece)


class _Socket:
    """Gives the pieces to a reader that asks a socket for them, as fast as it asks."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = iter([b"Asterisk Call Manager/11.0.0\r\n", *pieces])

    def recv(self, size: int) -> bytes:
        return next(self._pieces, b"")

    def close(self) -> None:
        """Nothing to close."""


def asterisk_ami(pieces: list[bytes]) -> None:
    """Its own reader thread's function, run to the end of the stream in this thread."""
    from asterisk.ami import AMIClient

    client = AMIClient()
    client.add_event_listener(lambda event, **_: None)
    client._socket, client.finished = _Socket(pieces), threading.Event()
    client.listen()


def pyst2(pieces: list[bytes]) -> None:
    """Its reader thread's function, then what its message and dispatch threads do with the queue; in this thread.

    Without the ChanVariable lines: on Python 3 it raises on the first (dict.has_key).
    """
    from asterisk.manager import Event, Manager, ManagerMsg

    manager = Manager()
    manager.register_event("*", lambda *_: True)
    manager._sock = io.BytesIO(b"Asterisk Call Manager/11.0.0\r\n" + _CHANVARIABLE.sub(b"", b"".join(pieces)))
    manager._running.set()
    manager._connected.set()
    manager._receive_data()
    while data := manager._message_queue.get():
        event = Event(message) if (message := ManagerMsg(data)).has_header("Event") else None
        for callback in manager._event_callbacks["*"] if event else ():
            callback(event, manager)
    manager._running.clear()
    manager._connected.clear()


def cpu(work: Callable[[list[bytes]], None], pieces: list[bytes]) -> float:
    gc.collect()
    began = time.process_time()
    work(pieces)
    return time.process_time() - began


def rates(say: Callable[[str, str], None], rounds: int = ROUNDS) -> None:
    """Events per CPU second of each, and how many times as fast as each we are."""
    for view in ("busy", "full", "minimal"):
        data = stream(view)
        events, pieces = data.count(b"Event: "), chunks(data)
        others = {"panoramisk": panoramisk, "asterisk-ami": asterisk_ami, "pyst2": pyst2}
        there = {name: work for name, work in others.items() if _works(name, work, pieces, say)}
        took: dict[str, list[float]] = {name: [] for name in ("ours", *there)}
        for _ in range(rounds):
            for name, work in {"ours": ours, **there}.items():
                took[name].append(cpu(work, pieces))
        say("ami", f"{view} view, {events} events: ours {events / statistics.median(took['ours']):,.0f}/s")
        for name in there:
            ratio = statistics.median(b / a for a, b in zip(took["ours"], took[name], strict=True))
            say(
                "ami",
                f"  stock {name} {events / statistics.median(took[name]):,.0f}/s: ours is {ratio:.1f} times as fast",
            )


def by_reads(say: Callable[[str, str], None], rounds: int = ROUNDS) -> None:
    """The same beside panoramisk for reads of other sizes: one event each when little happens, many in a storm."""
    data = stream("busy")
    for size in (512, 65_536):
        pieces = chunks(data, size)
        ratio = statistics.median(cpu(panoramisk, pieces) / cpu(ours, pieces) for _ in range(rounds))
        say("ami", f"busy view in reads of {size} bytes: {ratio:.1f} times as fast as stock panoramisk")


def _works(
    name: str, work: Callable[[list[bytes]], None], pieces: list[bytes], say: Callable[[str, str], None]
) -> bool:
    try:
        work(pieces[:20])
    except ImportError:
        say("ami", f"{name} is not here: `make bench` installs it")
        return False
    return True


def memory(say: Callable[[str, str], None], events: int = 1_000_000) -> None:
    """Resident memory while a million events go through the reading and the fold, Uniqueids and channels ever new."""
    from tests.bench.traffic import busy_office
    from textback_pbx.calls.blocks import Blocks
    from textback_pbx.calls.events import parse, sift
    from textback_pbx.calls.kinds import Ignored, Malformed
    from textback_pbx.calls.record import Fold

    splitter, fold = Blocks(), Fold()
    seen, calls, marks = 0, 0, []
    for piece in busy_office(events):
        for block in sift(splitter.feed(piece)):
            event = parse(block)
            if not isinstance(event, Ignored | Malformed):
                for notice in fold.apply(event, seen):
                    calls += fold.take(notice.uniqueid) != ()
        seen += piece.count(b"Event: ")
        if seen >= (len(marks) + 1) * events // 10:
            gc.collect()
            marks.append(resident_mb())
    shown = ", ".join(f"{mark:.1f}" for mark in marks)
    say("memory", f"{seen:,} events, {calls:,} calls: resident MB at each tenth {shown}")
    say("memory", f"grown by {marks[-1] - marks[2]:+.1f} MB from the third tenth to the last; held {fold.size()}")


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20
