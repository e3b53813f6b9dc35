"""What the modem knows of the network and the plan: 27.007, 7.2 (registration), 7.3, 7.15 (USSD), 8.5 (signal)."""

import re

from textback_pbx.modem.alphabet import pack, septets_of, text_of, unpack
from textback_pbx.modem.health import REGISTERED, technology_words
from textback_pbx.modem.lines import Command
from textback_pbx.modem.session import Session

_STAT = re.compile(r"\+C[GE]?REG: ?\d ?, ?(\d+)")
_QUERIES = tuple(Command(f"AT{name}?", (name,)) for name in ("+CEREG", "+CREG", "+CGREG"))
#: Which status says most when the domains differ: any registration, then denied, then searching.
_RANK = (3, 2, 0, 4)


async def registration(session: Session) -> int | None:
    """Ask the LTE, circuit and packet domains; return the status that says most, ``None`` when none answers."""
    seen: list[int] = []
    for query in _QUERIES:
        reply = await session.command(query)
        match = _STAT.match(reply.lines[-1]) if reply.ok and reply.lines else None
        if match:
            seen.append(int(match[1]))
            if seen[-1] in REGISTERED:
                return seen[-1]
    return next((stat for stat in _RANK if stat in seen), seen[0] if seen else None)


async def signal(session: Session) -> int | None:
    """+CSQ's <rssi>, 0..31 or 99."""
    reply = await session.command(Command("AT+CSQ", ("+CSQ",)))
    match = re.match(r"\+CSQ: ?(\d+)", reply.lines[-1]) if reply.ok and reply.lines else None
    return int(match[1]) if match else None


async def operator(session: Session) -> tuple[str, str]:
    """The operator's name and the technology, or empty strings."""
    reply = await session.command(Command("AT+COPS?", ("+COPS",)), session.timing.slow)
    match = re.match(r'\+COPS: ?\d,\d,"([^"]*)"(?:,(\d+))?', reply.lines[-1]) if reply.ok and reply.lines else None
    if match is None:
        return "", ""
    return match[1], technology_words(int(match[2]) if match[2] else None)


async def ask_credit(session: Session, code: str) -> str | None:
    """Send a USSD request; the answer comes as +CUSD. Returns why it could not be sent, or ``None``.

    Some modems want the code packed in septets and written in hexadecimal; that is tried second.
    """
    if not re.fullmatch(r"[*#0-9]{2,20}", code, re.ASCII):
        return "modem.ussd_credit is no USSD code"
    for text in (code, pack(septets_of(code)).hex().upper()):
        reply = await session.command(Command(f'AT+CUSD=1,"{text}",15', ("+CUSD_NONE",)), session.timing.slow)
        if reply.ok:
            return None
    return f"the modem refuses USSD: {reply.final}"


def credit_text(line: str) -> str | None:
    """Read ``+CUSD: m,"text",dcs``; hexadecimal of packed septets or UCS-2 is decoded. ``None``: no text in it."""
    match = re.match(r'\+CUSD: ?\d+, ?"(.*)"(?:, ?(\d+))?', line, re.DOTALL)
    if match is None:
        return None
    text, dcs = match[1].strip(), int(match[2] or 15)
    ucs2 = dcs & 0x0C == 0x08  # 23.038, 5: the coding of cell broadcast, which USSD shares
    if ucs2 and re.fullmatch(r"(?:[0-9A-Fa-f]{4})+", text):
        text = bytes.fromhex(text).decode("utf-16-be", "replace")
    elif re.fullmatch(r"(?:[0-9A-F]{2}){4,}", text) and not text.isdigit():
        octets = bytes.fromhex(text)
        text = text_of(unpack(octets, len(octets) * 8 // 7))
    return " ".join(text.split())[:160]
