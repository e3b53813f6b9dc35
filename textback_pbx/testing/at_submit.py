"""Sending from the simulated modem: +CMGS, +CMGW and +CMSS (27.005 3.5.1, 3.5.3, 3.5.2), in both modes."""

import re

from textback_pbx.testing.at_errors import SIM_ERRORS, CmsError
from textback_pbx.testing.at_grammar import Call
from textback_pbx.testing.at_messages import cms_number, store_of
from textback_pbx.testing.at_server import AsyncHandler, AtServer
from textback_pbx.testing.message_text import from_character_set
from textback_pbx.testing.sim_card import SimState, Status, StoredPdu
from textback_pbx.testing.tpdu import (
    Encoding,
    PduProblem,
    Submit,
    UserData,
    decode_submit,
    encode_address,
    encode_smsc,
    encode_user_data,
)

MAX_TPDU = 164


async def _send(session: AtServer, call: Call) -> list[str]:
    pdu = await _collect(session, call)
    if pdu is None:
        return []
    await session.step("body", call.name)
    return await _submit(session, call, pdu)


async def _submit(session: AtServer, call: Call, pdu: bytes) -> list[str]:
    modem = session.modem
    tpdu = pdu[1 + pdu[0] :]
    submit = _decoded(tpdu)
    try:
        reference = modem.submit(submit, tpdu, own_centre=pdu[0] > 0)
    except CmsError:
        await session.radio(modem.radio_s)
        raise
    await session.step("submitted", call.name)
    await session.radio(modem.radio_s)
    return [f"{call.name}: {reference}"]


async def _write(session: AtServer, call: Call) -> list[str]:
    pdu = await _collect(session, call)
    if pdu is None:
        return []
    index = store_of(session, session.modem.settings.memories[1]).add(StoredPdu(Status.UNSENT, pdu))
    if index is None:
        raise CmsError(322)
    return [f"+CMGW: {index}"]


async def _send_stored(session: AtServer, call: Call) -> list[str]:
    store = store_of(session, session.modem.settings.memories[1])
    message = store.slots.get(cms_number(call.arg(0), 0, 9999))
    if message is None:
        raise CmsError(321)
    lines = await _submit(session, call, message.pdu)
    message.status = Status.SENT
    return lines


async def _collect(session: AtServer, call: Call) -> bytes | None:
    """Check the parameters, prompt, and return the PDU with its service centre; None after ESC."""
    modem = session.modem
    state = modem.sim_state
    if state is not SimState.READY:
        raise CmsError(SIM_ERRORS[state][1])
    if modem.settings.cmgf:
        return await _collect_text(session, call)
    text = call.arg(0)
    if not (text.isascii() and text.isdigit() and 7 <= int(text) <= MAX_TPDU):
        raise CmsError(304)
    body = await session.prompt(call.name)
    if body is None:
        return None
    try:
        pdu = bytes.fromhex(body.decode("ascii"))
    except ValueError as error:
        raise CmsError(304) from error
    if not pdu or len(pdu) - 1 - pdu[0] != int(text):
        raise CmsError(304)
    _decoded(pdu[1 + pdu[0] :])
    return pdu


def _decoded(tpdu: bytes) -> Submit:
    try:
        return decode_submit(tpdu)
    except (PduProblem, ValueError, IndexError) as error:
        raise CmsError(304) from error


async def _collect_text(session: AtServer, call: Call) -> bytes | None:
    settings = session.modem.settings
    try:
        number = from_character_set(call.arg(0), settings.cscs)
    except ValueError as error:
        raise CmsError(305) from error
    if not re.fullmatch(r"\+?[0-9*#]{1,20}", number):
        raise CmsError(305)
    body = await session.prompt(call.name, line_by_line=True)
    if body is None:
        return None
    first, validity, pid, dcs = settings.csmp
    try:
        text = from_character_set(body.decode("latin-1").replace("\r", "\n"), settings.cscs)
        encoding = Encoding.UCS2 if dcs & 0x0C == 0x08 else Encoding.GSM7
        length, octets = encode_user_data(UserData(encoding, text, b"", b"", None))
    except ValueError as error:
        raise CmsError(305) from error
    # only a relative validity fits +CSMP's single octet; without one TP-VP is left out (23.040 9.2.3.3)
    period = bytes((validity,)) if first & 0x18 == 0x10 else b""
    head = bytes((first & 0x7F & ~(0 if period else 0x18), 0)) + encode_address(number)
    tpdu = head + bytes((pid, dcs)) + period + bytes((length,)) + octets
    return encode_smsc("") + tpdu


SUBMITTERS: dict[str, AsyncHandler] = {"+CMGS": _send, "+CMGW": _write, "+CMSS": _send_stored}
