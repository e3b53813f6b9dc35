"""What an office can set about one modem line; ``config.py`` maps ``[[modem]]`` onto it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModemSettings:
    """One modem. Times are seconds.

    ``port``: a device by its stable name, ``socket://host:port`` or ``rfc2217://host:port``. ``imei`` and
    ``iccid``: when set, another stick or SIM stops the line; when not, the first ones seen since the start are
    held to. ``ussd_credit``: such as ``*100#``, asked every ``credit_s``.
    """

    port: str
    name: str = "modem"
    baudrate: int = 115_200
    profile: str = "auto"
    imei: str | None = None
    iccid: str | None = None
    pin: str | None = None
    smsc: str | None = None
    ussd_credit: str | None = None
    status_reports: bool = True
    poll_s: float = 30.0  # the storage is read at least so often: an announcement can be lost
    network_s: float = 30.0
    operator_s: float = 300.0
    credit_s: float = 21_600.0
    offer_again_s: float = 60.0  # an entry that was not deleted is given again
    settle_s: float = 30.0  # no new text this long after one whose answer is missing
    reset_every_s: float = 900.0  # a modem that hangs is restarted at most so often
    longest_wait_s: float = 5.0  # between two looks for a port that is gone
    storage_warning: float = 0.8
