"""Traffic of a busy office without an end: recorded calls, with Uniqueids, channels and bridges that are ever new."""

import re
from collections.abc import Iterator

from tests.bench.ami import stream

_UNIQUEID = re.compile(rb"\b1795\d{6}\.(\d+)\b")
_CHANNEL = re.compile(rb"-([0-9a-f]{8})\b")


def busy_office(events: int, views: tuple[str, ...] = ("busy", "full")) -> Iterator[bytes]:
    """Pieces of at least so many events in all; no Uniqueid, channel or bridge comes twice."""
    data, done = b"".join(stream(one) for one in views), 0
    at_once = data.count(b"Event: ")
    round_ = 0
    while done < events:
        yield from _pieces(renamed(data, round_))
        done += at_once
        round_ += 1


def renamed(data: bytes, round_: int) -> bytes:
    """The same calls at another time: a Uniqueid's second and a channel's number moved on."""
    moved = _UNIQUEID.sub(lambda m: b"%d.%s" % (1_796_000_000 + round_, m[1]), data)
    return _CHANNEL.sub(lambda m: b"-%08x" % ((int(m[1], 16) + round_ * 1_000) & 0xFFFFFFFF), moved)


def _pieces(data: bytes, size: int = 4096) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]
