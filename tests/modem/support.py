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


# PDUs written by hand, not by the codec under test -------------------------------------------------------------


def semi(digits: str) -> str:
    padded = digits + "F" * (len(digits) % 2)
    return "".join(padded[n + 1] + padded[n] for n in range(0, len(padded), 2))


def address(number: str) -> str:
    digits = number.lstrip("+")
    return f"{len(digits):02X}{'91' if number.startswith('+') else '81'}{semi(digits)}"


def stamp(text: str = "261120100500", zone: str = "00") -> str:
    return semi(text) + semi(zone)


SMSC = "07911326040000F0"


def deliver(sender: str, user_data: str, *, length: int, dcs: int = 8, first: int = 4, when: str = "") -> str:
    return f"{SMSC}{first:02X}{address(sender)}00{dcs:02X}{when or stamp()}{length:02X}{user_data}".upper()


def deliver_ucs2(sender: str, text: str, *, header: str = "", when: str = "") -> str:
    data = header + text.encode("utf-16-be", "surrogatepass").hex()
    return deliver(sender, data, length=len(data) // 2, first=0x44 if header else 4, when=when)


def report(recipient: str, tp_mr: int, tp_st: int, *, when: str = "", done: str = "") -> str:
    return f"{SMSC}06{tp_mr:02X}{address(recipient)}{when or stamp()}{done or stamp()}{tp_st:02X}".upper()
