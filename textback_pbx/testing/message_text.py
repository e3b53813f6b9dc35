"""Stored messages in text mode (27.005 clause 4): what +CMGL, +CMGR and +CMT show, in the chosen character set."""

import datetime as dt

from textback_pbx.testing.modem_state import Settings
from textback_pbx.testing.sim_card import STATUS_WORDS, StoredPdu
from textback_pbx.testing.tpdu import (
    Encoding,
    PduProblem,
    UserData,
    decode_address,
    decode_submit,
    decode_time,
    decode_user_data,
)


def in_character_set(text: str, cscs: str) -> str:
    """Show a string as +CSCS wants it: UCS2 and HEX in hexadecimal, others as they are."""
    if cscs == "UCS2":
        return text.encode("utf-16-be", "replace").hex().upper()
    if cscs == "HEX":
        return text.encode("latin-1", "replace").hex().upper()
    return text


def from_character_set(text: str, cscs: str) -> str:
    """Read a string a client wrote; ValueError when its hexadecimal is none."""
    if cscs == "UCS2":
        return bytes.fromhex(text).decode("utf-16-be")
    if cscs == "HEX":
        return bytes.fromhex(text).decode("latin-1")
    return text


def _stamp(at_ms: int) -> str:
    return f"{dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC):%y/%m/%d,%H:%M:%S}+00"


def _data(content: UserData, cscs: str) -> str:
    if content.encoding is Encoding.DATA:
        return content.data.hex().upper()
    if content.encoding is Encoding.UCS2:  # 27.005 3.1 <data>: not a default alphabet, so in hexadecimal
        return content.data.hex().upper()
    return in_character_set(content.text, cscs)


def _taken_apart(tpdu: bytes, cscs: str) -> tuple[str, str, str]:
    """Return (number, time, data) of a stored TPDU; a status report's time and status stand in its data."""
    kind = tpdu[0] & 0x03
    if kind == 0x01:
        submit = decode_submit(tpdu)
        return submit.destination, "", _data(submit.content, cscs)
    if kind == 0x02:
        number, size = decode_address(tpdu[2:])
        rest = tpdu[2 + size :]
        return number, _stamp(decode_time(rest[:7])), f"{_stamp(decode_time(rest[7:14]))},{rest[14]}"
    number, size = decode_address(tpdu[1:])
    rest = tpdu[1 + size :]
    content = decode_user_data(rest[1], bool(tpdu[0] & 0x40), rest[9], rest[10:])
    return number, _stamp(decode_time(rest[2:9])), _data(content, cscs)


def _text_heading(settings: Settings, message: StoredPdu) -> tuple[str, str]:
    tpdu = message.tpdu
    try:
        number, stamp, data = _taken_apart(tpdu, settings.cscs)
    except (PduProblem, ValueError, IndexError):
        number, stamp, data = "", "", tpdu.hex().upper()
    shown = in_character_set(number, settings.cscs)
    tail = f',"{stamp}"' if stamp else ","
    return f'"{STATUS_WORDS[message.status]}","{shown}",{tail}', data


def list_heading(settings: Settings, index: int, message: StoredPdu) -> list[str]:
    """Return the two lines of one message in +CMGL."""
    if settings.cmgf:
        heading, data = _text_heading(settings, message)
        return [f"+CMGL: {index},{heading}", data]
    return [f"+CMGL: {index},{message.status},,{message.length}", message.pdu.hex().upper()]


def describe(settings: Settings, message: StoredPdu) -> list[str]:
    """Return the two lines of +CMGR."""
    if settings.cmgf:
        heading, data = _text_heading(settings, message)
        return [f"+CMGR: {heading}", data]
    return [f"+CMGR: {message.status},,{message.length}", message.pdu.hex().upper()]
