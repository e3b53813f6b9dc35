"""A byte stream of the Asterisk Manager Interface -> blocks of header lines; sans-IO, pure, bounded.

A block ends at an empty line. Asterisk writes CRLF; recordings that went through an editor have LF: both are
read. The result never depends on how the stream was cut into chunks. A block longer than :data:`MAX_BLOCK` is
handed on as its first ``MAX_BLOCK + 1`` bytes, so that the parser calls it malformed and memory stays bounded.
"""

import re

#: Asterisk's own limit for one event is far below (a 2.5 kB DialEnd is a large one).
MAX_BLOCK = 65_536

_END = re.compile(rb"\n\r?\n")
_GREETING = re.compile(rb"\A[\r\n]*Asterisk Call Manager/([^\r\n]{0,32})\r?\n")
_GREETING_START = b"Asterisk Call Manager/"
_GREETING_MAX = 128


class Blocks:
    """Splits a stream; one instance for one connection or one file. ``version`` is the greeting's, once seen."""

    def __init__(self) -> None:
        self.version: str | None = None
        self._buffer = bytearray()
        self._scanned = 0
        self._greeted = False
        self._oversize = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return the blocks that they complete, without their line end."""
        self._buffer += data
        if not self._greeted and not self._take_greeting():
            return []
        blocks: list[bytes] = []
        buffer = self._buffer
        if self._scanned == 0 or len(data) > 512:
            self._split_crlf(blocks)
        start, position = 0, self._scanned
        while match := _END.search(buffer, position):
            self._emit(bytes(buffer[start : match.start()]), blocks)
            start = position = match.end()
        del buffer[:start]
        # A line end cut in two may still become a blank line: look at the last two bytes again.
        self._scanned = max(0, len(buffer) - 2)
        self._shed(blocks)
        return blocks

    def _split_crlf(self, blocks: list[bytes]) -> None:
        """The quick way for what Asterisk writes: no line ends in LF alone, so an empty line is CRLF CRLF."""
        buffer = self._buffer
        if buffer.count(b"\n") != buffer.count(b"\r\n"):
            return
        parts = bytes(buffer).split(b"\r\n\r\n")
        rest = parts.pop()
        if not parts:
            return
        for part in parts:
            self._emit(part, blocks)
        buffer[:] = rest
        self._scanned = 0

    def end(self) -> list[bytes]:
        """The stream is over: return the last block if it lacks only its empty line."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        self._scanned = 0
        blocks: list[bytes] = []
        if not self._greeted:
            rest = _GREETING.sub(b"", rest)
        if rest.endswith(b"\n"):
            self._emit(rest, blocks)
        return blocks

    def _take_greeting(self) -> bool:
        """Cut the greeting off; False while it is not known whether there is one."""
        head = bytes(self._buffer[:_GREETING_MAX]).lstrip(b"\r\n")
        if match := _GREETING.match(self._buffer):
            self.version = match[1].decode("ascii", "replace")
            del self._buffer[: match.end()]
        elif len(self._buffer) < _GREETING_MAX and (
            _GREETING_START.startswith(head) or (head.startswith(_GREETING_START) and b"\n" not in head)
        ):
            return False
        self._greeted = True
        return True

    def _emit(self, block: bytes, blocks: list[bytes]) -> None:
        if self._oversize:
            self._oversize = False
            return
        block = block.strip(b"\r\n")
        if block:
            blocks.append(block[: MAX_BLOCK + 1])

    def _shed(self, blocks: list[bytes]) -> None:
        """Forget the rest of a block that is too long already; its head has been handed on once."""
        if len(self._buffer) <= 2 * MAX_BLOCK:
            return
        if not self._oversize:
            head = bytes(self._buffer).lstrip(b"\r\n")
            if len(head) > MAX_BLOCK:
                blocks.append(head[: MAX_BLOCK + 1])
                self._oversize = True
        del self._buffer[:-2]
        self._scanned = 0
