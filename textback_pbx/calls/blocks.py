"""A byte stream of the Asterisk Manager Interface -> blocks of header lines; sans-IO, pure, bounded.

A block ends at an empty line. Asterisk writes CRLF; recordings that went through an editor have LF: the first line
end of a stream says which. The result never depends on how the stream was cut into chunks. A block longer than
:data:`MAX_BLOCK` is handed on as its first ``MAX_BLOCK + 1`` bytes, so that the parser calls it malformed and memory
stays bounded.
"""

import re

#: Asterisk's own limit for one event is far below (a 2.5 kB DialEnd is a large one).
MAX_BLOCK = 65_536

_GREETING = re.compile(rb"\A[\r\n]*Asterisk Call Manager/([^\r\n]{0,32})\r?\n")
_GREETING_START = b"Asterisk Call Manager/"
_GREETING_MAX = 128


class Blocks:
    """Splits a stream; one instance for one connection or one file. ``version`` is the greeting's, once seen."""

    def __init__(self) -> None:
        self.version: str | None = None
        self._buffer = bytearray()
        self._empty_line = b""  # not known yet
        self._scanned = 0
        self._greeted = False
        self._oversize = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return the blocks that they complete, without their line end."""
        buffer = self._buffer
        buffer += data
        if not self._greeted and not self._take_greeting():
            return []
        if not self._empty_line:
            self._learn_line_end()
        blocks: list[bytes] = []
        if self._empty_line and buffer.find(self._empty_line, self._scanned) >= 0:
            whole = bytes(buffer)
            parts = whole.split(self._empty_line)
            buffer[:] = parts.pop()
            if self._oversize:  # the rest of a block whose head was handed on
                self._oversize = False
                del parts[0]
            blocks = [block for part in parts if (block := part.strip(b"\r\n"))]
            if len(whole) > MAX_BLOCK:
                blocks = [block[: MAX_BLOCK + 1] for block in blocks]
        # An empty line cut in two: its first bytes are looked at again.
        self._scanned = max(0, len(buffer) - 3)
        if len(buffer) > 2 * MAX_BLOCK:
            self._shed(blocks)
        return blocks

    def _learn_line_end(self) -> None:
        at = self._buffer.find(b"\n")
        if at >= 0:
            self._empty_line = b"\r\n\r\n" if self._buffer[at - 1 : at] == b"\r" else b"\n\n"

    def end(self) -> list[bytes]:
        """The stream is over: return the last block if it lacks only its empty line."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        self._scanned = 0
        if not self._greeted:
            rest = _GREETING.sub(b"", rest)
        block = rest.strip(b"\r\n")
        whole = rest.endswith(b"\n") and not self._oversize
        return [block[: MAX_BLOCK + 1]] if whole and block else []

    def _take_greeting(self) -> bool:
        """Cut the greeting off; False while it is not known whether there is one."""
        head = bytes(self._buffer[:_GREETING_MAX]).lstrip(b"\r\n")
        self._learn_line_end()
        if match := _GREETING.match(self._buffer):
            self.version = match[1].decode("ascii", "replace")
            del self._buffer[: match.end()]
        elif len(self._buffer) < _GREETING_MAX and (
            _GREETING_START.startswith(head) or (head.startswith(_GREETING_START) and b"\n" not in head)
        ):
            return False
        self._greeted = True
        return True

    def _shed(self, blocks: list[bytes]) -> None:
        """Forget the rest of a block that is too long already; its head is handed on once."""
        if not self._oversize:
            head = bytes(self._buffer).lstrip(b"\r\n")
            if len(head) > MAX_BLOCK:
                blocks.append(head[: MAX_BLOCK + 1])
                self._oversize = True
        del self._buffer[:-3]
        self._scanned = 0
