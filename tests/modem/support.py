"""Helpers of the modem tests: feeding an engine in every way bytes can arrive."""

from collections.abc import Callable, Iterable, Iterator

from textback_pbx.modem.at import Engine
from textback_pbx.modem.events import Event


def feed(engine: Engine, chunks: Iterable[bytes]) -> list[Event]:
    events: list[Event] = []
    for chunk in chunks:
        events.extend(engine.receive(chunk))
    return events


def ways(data: bytes) -> Iterator[list[bytes]]:
    """The same bytes whole, one by one, and cut in two at every place."""
    yield [data]
    yield [bytes([byte]) for byte in data]
    for cut in range(1, len(data)):
        yield [data[:cut], data[cut:]]


def every_way(prepare: Callable[[], Engine], data: bytes) -> list[Event]:
    """Events of ``data``, asserted equal for every way of cutting it."""
    whole = prepare().receive(data)
    for chunks in ways(data):
        assert feed(prepare(), chunks) == whole
    return whole
