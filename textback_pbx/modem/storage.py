"""Texts kept in the modem or its SIM: listed, read one by one, deleted (27.005, 3.2.2, 3.4.2, 3.5.4).

Nothing is deleted that was not read a moment before and found to be the very entry that was committed: after a
SIM was changed, or a slot used again, the index alone means nothing.
"""

import re
from dataclasses import dataclass

from textback_pbx.modem.events import Reply
from textback_pbx.modem.lines import HEX_LINE, Command
from textback_pbx.modem.session import Session

_INVALID_INDEX = 321
_LIST_HEAD = re.compile(r"\+CMGL: ?(\d{1,5}), ?(\d)\b.*")
_READ_HEAD = re.compile(r"\+CMGR: ?(\d)\b.*")


@dataclass(frozen=True, slots=True)
class Entry:
    """One slot: 0 unread, 1 read, 2 unsent, 3 sent. ``pdu`` may be empty when the modem gave none."""

    index: int
    status: int
    pdu: str


@dataclass(frozen=True, slots=True)
class Usage:
    """How full a storage is."""

    used: int
    size: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The storage could not be read now; why."""

    reason: str


async def select(session: Session, name: str, receive: str | None = None) -> Usage | None:
    """Make ``name`` the storage that is read; new texts go to ``receive`` (or the same). ``None``: refused."""
    new = receive or name
    reply = await session.command(Command(f'AT+CPMS="{name}","{new}","{new}"', ("+CPMS",)), session.timing.slow)
    numbers = re.findall(r"\d+", reply.lines[-1]) if reply.ok and reply.lines else []
    if not reply.ok:
        return None
    return Usage(int(numbers[0]), int(numbers[1])) if len(numbers) >= 2 else Usage(0, 0)


async def readable(session: Session, *, list_all: bool) -> bool | None:
    """Try the selected storage: ``True`` when it lists, ``False`` when only index by index, ``None`` when neither."""
    if list_all and _lists(await _list(session)):
        return True
    reply = await _read(session, 1)
    return False if reply.ok or reply.final.code == _INVALID_INDEX else None


async def read_all(session: Session, usage: Usage, *, list_all: bool) -> list[Entry] | Unreadable:
    """Read every entry of the selected storage."""
    if list_all:
        reply = await _list(session)
        if _lists(reply):
            return _entries(reply)
    return await _one_by_one(session, usage)


async def _one_by_one(session: Session, usage: Usage) -> list[Entry] | Unreadable:
    """For modems that refuse AT+CMGL=4 (Quectel EP06): each index from 0, until all that is used was seen."""
    found: list[Entry] = []
    for index in range(usage.size + 1):
        if len(found) >= usage.used:
            break
        reply = await _read(session, index)
        entry = _entry(index, reply)
        if entry is not None:
            found.append(entry)
        elif not reply.ok and reply.final.code != _INVALID_INDEX:
            return Unreadable(f"AT+CMGR={index} says {reply.final}")
    return found


async def delete(session: Session, index: int, pdu: str) -> bool:
    """Delete one entry of the selected storage if it still holds ``pdu``; ``True`` when it is not there any more."""
    reply = await _read(session, index)
    entry = _entry(index, reply)
    if entry is None or entry.pdu != pdu:
        return reply.ok or reply.final.code == _INVALID_INDEX
    return (await session.command(Command(f"AT+CMGD={index}"), session.timing.slow)).ok


async def _list(session: Session) -> Reply:
    return await session.command(Command("AT+CMGL=4", ("+CMGL",), bodies=True), session.timing.slow)


def _lists(reply: Reply) -> bool:
    """Whether AT+CMGL=4 was answered: some answer "invalid index" when the storage is empty (ofono-phonesim does)."""
    return reply.ok or reply.final.code == _INVALID_INDEX


async def _read(session: Session, index: int) -> Reply:
    return await session.command(Command(f"AT+CMGR={index}", ("+CMGR",), bodies=True), session.timing.slow)


def _entries(reply: Reply) -> list[Entry]:
    found: list[Entry] = []
    for line in reply.lines:
        head = _LIST_HEAD.fullmatch(line)
        if head:
            found.append(Entry(int(head[1]), int(head[2]), ""))
        elif found and not found[-1].pdu and HEX_LINE.fullmatch(line):
            found[-1] = Entry(found[-1].index, found[-1].status, line.upper())
    return found


def _entry(index: int, reply: Reply) -> Entry | None:
    """Read AT+CMGR; an empty slot answers OK alone, or error 321."""
    if not reply.ok or not reply.lines:
        return None
    head = _READ_HEAD.fullmatch(reply.lines[0])
    body = reply.lines[1].upper() if len(reply.lines) > 1 else ""
    return None if head is None or not body else Entry(index, int(head[1]), body)
