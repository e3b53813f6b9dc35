"""The log: one line an event; under systemd with fields, so that `journalctl TEXTBACK_CALL=12` tells a call's story.

A line gets fields by ``extra={"call": 12}``. The native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL) is a datagram of
``FIELD=value`` lines; a value with a newline is sent with its length. Nothing here may ever stop the agent.
"""

import logging
import os
import socket
import struct
from pathlib import Path

SOCKET = Path("/run/systemd/journal/socket")
#: What a line may carry -> the journal's field.
FIELDS = {
    "call": "TEXTBACK_CALL",
    "uniqueid": "TEXTBACK_UNIQUEID",
    "message": "TEXTBACK_MESSAGE",
    "thread": "TEXTBACK_THREAD",
    "task": "TEXTBACK_TASK",
}
_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class JournalHandler(logging.Handler):
    """Sends records to journald; falls back to standard error when it does not listen."""

    def __init__(self, path: Path = SOCKET) -> None:
        super().__init__()
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._rest = logging.StreamHandler()

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record. A journal that is full or gone must not block or end the agent."""
        try:
            self._socket.sendto(datagram(record, self.format(record)), socket.MSG_DONTWAIT, str(self._path))
        except OSError:
            self._rest.emit(record)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
        super().close()


def datagram(record: logging.LogRecord, text: str) -> bytes:
    """Return a record as the journal's native protocol has it."""
    fields = {
        "MESSAGE": text,
        "PRIORITY": str(_PRIORITY.get(record.levelno, 6)),
        "SYSLOG_IDENTIFIER": "textback-pbx",
        "LOGGER": record.name,
    }
    for name, field in FIELDS.items():
        if (value := getattr(record, f"textback_{name}", None)) is not None:
            fields[field] = str(value)
    return b"".join(_field(name, value.encode(errors="replace")) for name, value in fields.items())


def _field(name: str, value: bytes) -> bytes:
    if b"\n" in value:
        return name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"
    return name.encode() + b"=" + value + b"\n"


def about(**keys: int | str | None) -> dict[str, int | str | None]:
    """Return ``extra`` for a log call: ``log.info(..., extra=about(call=12))``. Unknown keys are a bug."""
    assert keys.keys() <= FIELDS.keys(), keys
    return {f"textback_{name}": value for name, value in keys.items()}


def set_up(level: str) -> None:
    """Send the log to journald when it is what standard error leads to, to standard error otherwise."""
    native = "JOURNAL_STREAM" in os.environ and SOCKET.exists()
    handler: logging.Handler = JournalHandler() if native else logging.StreamHandler()
    stamp = "" if "JOURNAL_STREAM" in os.environ else "%(asctime)s "
    words = "%(name)s: %(message)s" if native else f"{stamp}%(levelname)-7s %(name)s: %(message)s"
    handler.setFormatter(logging.Formatter(words, datefmt="%H:%M:%S"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("aiosqlite").setLevel(logging.WARNING)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
