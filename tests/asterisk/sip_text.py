"""SIP messages as text: parse, build, and the SDP of a phone that speaks G.711 (RFC 3261 section 7, RFC 4566)."""

import secrets
from dataclasses import dataclass, field

CRLF = "\r\n"
COMPACT = {"i": "call-id", "f": "from", "t": "to", "v": "via", "m": "contact", "c": "content-type",
           "l": "content-length", "r": "refer-to", "b": "referred-by", "k": "supported", "o": "event"}  # fmt: skip
REASONS = {100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 202: "Accepted", 302: "Moved Temporarily",
           480: "Temporarily Unavailable", 481: "No Such Call", 486: "Busy Here", 487: "Request Terminated",
           488: "Not Acceptable Here", 503: "Service Unavailable", 600: "Busy Everywhere", 603: "Decline"}  # fmt: skip


@dataclass(slots=True)
class Message:
    """One request or response. `headers` keeps order and repeats; names compare without case."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    @classmethod
    def parse(cls, data: bytes) -> "Message | None":
        """The message in one datagram; None for keep-alives and anything that is not SIP."""
        head, _, body = data.decode("utf-8", "replace").partition(CRLF * 2)
        lines = head.split(CRLF)
        if "SIP/2.0" not in lines[0]:
            return None
        headers = []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers.append((COMPACT.get(name.strip().lower(), name.strip()), value.strip()))
        return cls(lines[0], headers, body)

    def encode(self) -> bytes:
        """The bytes of the datagram."""
        headers = [*self.headers, ("Content-Length", str(len(self.body.encode())))]
        head = CRLF.join([self.start, *(f"{name}: {value}" for name, value in headers)])
        return f"{head}{CRLF * 2}{self.body}".encode()

    def get(self, name: str) -> str:
        """The first header of that name, '' when there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def all(self, name: str) -> list[tuple[str, str]]:
        """Every header of that name, in order."""
        return [(key, value) for key, value in self.headers if key.lower() == name.lower()]

    @property
    def is_response(self) -> bool:
        return self.start.startswith("SIP/2.0 ")

    @property
    def status(self) -> int:
        """A response's status code."""
        return int(self.start.split(" ", 2)[1])

    @property
    def method(self) -> str:
        """The request's method; for a response the method it answers."""
        return self.get("cseq").split()[1] if self.is_response else self.start.split(" ", 1)[0]

    @property
    def uri(self) -> str:
        """A request's target."""
        return self.start.split(" ", 2)[1]

    @property
    def cseq(self) -> int:
        return int(self.get("cseq").split()[0])

    @property
    def branch(self) -> str:
        """The transaction's name."""
        return parameter(self.get("via"), "branch")


@dataclass(eq=False, slots=True)
class Dialog:
    """Who speaks with whom: what the requests of one call, or one registration, have in common."""

    call_id: str
    local: str  # our From, with our tag
    remote: str  # the other side's, with its tag once it has one
    target: str  # where requests go


def parameter(value: str, name: str) -> str:
    """A header parameter, such as the tag of From; '' when it is not there."""
    for part in value.split(";")[1:]:
        key, _, content = part.partition("=")
        if key.strip().lower() == name:
            return content.strip().strip(">")
    return ""


def address(value: str) -> str:
    """The URI inside a From, To, Contact or Refer-To header."""
    if "<" in value:
        return value.split("<", 1)[1].split(">", 1)[0]
    return value.split(";", 1)[0].strip()


def user_of(value: str) -> str:
    """The user part of a header's URI: usually the number."""
    return address(value).removeprefix("sip:").split("@", 1)[0]


def token(length: int = 8) -> str:
    """A fresh tag, branch or Call-ID part."""
    return secrets.token_hex(length)


def sdp(host: str, port: int, *, direction: str = "sendrecv", version: int = 1) -> str:
    """G.711 mu-law and nothing else. `direction` is sendonly for hold."""
    lines = ["v=0", f"o=bench 1 {version} IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0",
             f"m=audio {port} RTP/AVP 0", "a=rtpmap:0 PCMU/8000", f"a={direction}"]  # fmt: skip
    return CRLF.join([*lines, ""])


def media_of(body: str) -> tuple[str, int] | None:
    """Where the other side wants its audio, from its SDP."""
    host, port = "", 0
    for line in body.splitlines():
        if line.startswith("c=IN IP4 "):
            host = line.split()[2]
        elif line.startswith("m=audio "):
            port = int(line.split()[1])
    return (host, port) if host and port else None
