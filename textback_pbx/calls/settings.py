"""The settings of the calls stage, with their defaults; config.py maps the TOML file onto them."""

from dataclasses import dataclass, field

from textback_pbx.calls.trunks import DEFAULT_CONTEXTS


@dataclass(frozen=True, slots=True)
class AmiSettings:
    """One PBX. Times in seconds."""

    name: str = "pbx"
    host: str = "127.0.0.1"
    port: int = 5038
    username: str = "textback"
    secret: str = field(default="", repr=False)
    login: str = "md5"  # or plain, for servers that refuse a challenge
    tls: bool = False
    ca_file: str | None = None
    tls_name: str = ""  # the name in the certificate, where it is not the host
    contexts: tuple[str, ...] = DEFAULT_CONTEXTS
    trunks: tuple[str, ...] = ()  # channel names of trunks, with *
    without_presentation: bool = False  # somebody opted in: a withheld number may look like a given one
    connect_s: float = 10.0
    answer_s: float = 10.0  # for an action to be answered
    ping_s: float = 10.0  # of silence, then a ping
    liveness_s: float = 25.0  # of silence, then the link is dead
    retry_first_s: float = 1.0
    retry_cap_s: float = 60.0
    refused_first_s: float = 60.0  # a refused login is not hammered: fail2ban watches
    refused_cap_s: float = 900.0
    steady_s: float = 30.0  # a link that lived this long starts the back-off anew
    roll_first_s: float = 30.0  # after the login the live channels are looked at, and again after twice the time ...
    roll_s: float = 600.0  # ... at most this much
    devices_s: float = 60.0  # between two looks at which phones are registered
    queue_limit: int = 20_000
    grace_s: float = 2.0  # for the phones of a call whose caller is gone
