"""Asking an unknown stick what it is and does, and writing it down as a draft profile. Sends queries only.

Nothing is set but echo off and error numbers, nothing is deleted, no text is sent, no PIN is tried.
"""

import re
from dataclasses import dataclass

from textback_pbx.modem.lines import Command
from textback_pbx.modem.profile import DEFAULT_CNMI, DEFAULT_ICCID, iccid_command
from textback_pbx.modem.session import Session, Slow
from textback_pbx.modem.setup import ranges

_QUERIES = (
    "ATI", "AT+CGMI", "AT+CGMM", "AT+CGMR", "AT+CGSN", "AT+CPIN?", "AT+CFUN?", "AT+CREG?", "AT+CGREG?", "AT+CEREG?",
    "AT+COPS?", "AT+CSQ", "AT+CSCA?", "AT+CMGF=?", "AT+CSMS=?", "AT+CSMS?", "AT+CPMS=?", "AT+CPMS?", "AT+CNMI=?",
    "AT+CNMI?", "AT+CMMS=?", "AT+CMGL=?", "AT+CGSMS?", "AT+CUSD=?",
)  # fmt: skip
_SECRET = re.compile(r"(?<!\d)\d{6,}(?=\d{2}(?!\d))|[0-9A-Fa-f]{30,}")


@dataclass(frozen=True, slots=True)
class Answer:
    """One query and what was answered; ``final`` is ``silence`` when nothing came."""

    command: str
    lines: tuple[str, ...]
    final: str

    @property
    def text(self) -> str:
        """What stands after the prefix of the last line."""
        return self.lines[-1].partition(":")[2].strip() if self.lines else ""


async def ask(session: Session) -> list[Answer]:
    """Ask everything; a query without an answer is noted and passed over. Raises Silent, PortLost."""
    for text in ("ATE0", "AT+CMEE=1"):
        await session.command(Command(text, bare=True))
    commands = [Command(text, (_prefix(text),), bare=True) for text in _QUERIES]
    commands += [iccid_command(text) for text in DEFAULT_ICCID]
    answers = []
    for command in commands:
        try:
            reply = await session.command(command, session.timing.slow)
            answers.append(Answer(command.text, reply.lines, str(reply.final)))
        except Slow:
            answers.append(Answer(command.text, (), "silence"))
    return answers


def _prefix(text: str) -> str:
    match = re.match(r"AT([+^]\w+)", text)
    return match[1] if match else "ATI"


def transcript(answers: list[Answer], *, private: bool = False) -> str:
    """The answers as they came; numbers of people, cards and sticks are masked unless ``private``."""
    lines = []
    for answer in answers:
        shown = [line if private else _SECRET.sub("***", line) for line in answer.lines]
        lines += [f"> {answer.command}", *(f"< {line}" for line in shown), f"< {answer.final}", ""]
    return "\n".join(lines)


def draft(answers: list[Answer]) -> str:
    """A profile in TOML out of the answers: what could be read, and in ``untried`` what only use can show."""
    said = {answer.command: answer for answer in answers}
    model = _first(said.get("AT+CGMM"), "+CGMM") or "unknown"
    maker = _first(said.get("AT+CGMI"), "+CGMI") or "unknown"
    name = re.sub(r"\W+", "_", f"{maker}_{model}".lower()).strip("_")
    storages = re.findall(r'"(\w+)"', said["AT+CPMS=?"].text.partition(")")[0]) if "AT+CPMS=?" in said else []
    allowed = ranges(said["AT+CNMI=?"].text) if "AT+CNMI=?" in said else []
    fits = [row for row in DEFAULT_CNMI if len(allowed) == 5 and all(v in allowed[n] for n, v in enumerate(row))]
    iccid = [text for text in DEFAULT_ICCID if text in said and said[text].final == "OK"]
    return "\n".join(
        [
            f'name = "{name}"',
            f'title = "{_plain(maker)} {_plain(model)}"',
            f'models = ["{_plain(model)}"]',
            'tested = "no"  # say what you sent and received with it, and on which firmware',
            f'known = ["Probed: firmware {_plain(_first(said.get("AT+CGMR"), "+CGMR"))}."]',
            'untried = ["Sending, status reports, a full storage, a restart."]',
            "",
            "[init]",
            'factory_reset = "when_refused"  # AT&F once, only if AT+CNMI is refused: some come so from the shop',
            "",
            "[sms]",
            f"storage = {_list([name for name in ('ME', 'SM') if name in storages] or ['ME', 'SM'])}",
            f"cnmi = [{', '.join(str(list(row)) for row in fits[:3] or DEFAULT_CNMI[:1])}]",
            "",
            "[query]",
            f"iccid = {_list(iccid[:2])}",
            "",
        ]
    )


def _first(answer: Answer | None, prefix: str) -> str:
    if answer is None or not answer.lines:
        return ""
    return answer.lines[0].removeprefix(f"{prefix}:").strip().strip('"')


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9 ._/-]", "", text)[:60]


def _list(texts: list[str]) -> str:
    return "[" + ", ".join(f'"{text}"' for text in texts) + "]"
