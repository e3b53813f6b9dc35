"""Which serial ports are here, and which USB sticks cannot work. Reads /dev and /sys only; opens nothing.

A HiLink stick looks like a modem in every shop and is a network card: it has no AT port. It is named at detection, with
the reason, before anybody spends an evening on it.
"""

from dataclasses import dataclass
from pathlib import Path

from textback_pbx.modem import profile as profiles

#: USB ids that cannot carry texts as they are, and why.
UNUSABLE: dict[str, str] = {
    "12d1:14db": "Huawei in HiLink mode: a network card without an AT port; it cannot be used",
    "12d1:14dc": "Huawei E3372h in HiLink mode: a network card without an AT port; it cannot be used",
    "12d1:1f01": "Huawei that still is a CD: install usb-modeswitch; one that then becomes 12d1:14dc cannot be used",
    "3566:2001": "Brovi E3372-325: HiLink only, without an AT port; it cannot be used",
    "12d1:14fe": "Huawei that still is a CD: install usb-modeswitch",
}

_AT_PORT = "the AT port"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One serial port: its stable name, the device now behind it, and what its USB id tells."""

    port: str
    device: str
    usb_id: str
    interface: int | None
    profile: str
    hint: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """A stick that is plugged in and cannot work."""

    usb_id: str
    product: str
    why: str


def candidates(dev: Path = Path("/dev"), sys: Path = Path("/sys")) -> list[Candidate]:
    """The serial ports by stable name, those that a profile knows as an AT port first."""
    known = {usb_id: profile for profile in map(profiles.load, profiles.names()) for usb_id in profile.usb_ids}
    found = []
    for link in sorted((dev / "serial" / "by-id").glob("*")):
        device = link.resolve()
        usb_id, interface = _usb(sys, device.name)
        profile = known.get(usb_id)
        name, at_port = ("", None) if profile is None else (profile.name, profile.at_interface)
        found.append(Candidate(str(link), str(device), usb_id, interface, name, _hint(interface, at_port)))
    return sorted(found, key=lambda one: (one.hint != _AT_PORT, not one.profile, one.port))


def _hint(interface: int | None, at_port: int | None) -> str:
    if at_port is None:
        return ""
    return _AT_PORT if interface == at_port else f"not the AT port (that is interface {at_port:02d})"


def unusable(sys: Path = Path("/sys")) -> list[Unusable]:
    """The sticks plugged in that cannot work as they are."""
    found = []
    for folder in sorted((sys / "bus" / "usb" / "devices").glob("*")):
        usb_id = _id_of(folder)
        if usb_id in UNUSABLE:
            found.append(Unusable(usb_id, _read(folder / "product"), UNUSABLE[usb_id]))
    return found


def _usb(sys: Path, tty: str) -> tuple[str, int | None]:
    """The USB id and interface number behind a tty: the folders above it in /sys hold them."""
    try:
        folder = (sys / "class" / "tty" / tty / "device").resolve(strict=True)
    except OSError:
        return "", None
    interface: int | None = None
    for place in (folder, *folder.parents):
        number = _read(place / "bInterfaceNumber")
        if number and interface is None:
            interface = int(number, 16)
        if usb_id := _id_of(place):
            return usb_id, interface
        if place == sys:
            break
    return "", interface


def _id_of(folder: Path) -> str:
    vendor, product = _read(folder / "idVendor"), _read(folder / "idProduct")
    return f"{vendor}:{product}" if vendor and product else ""


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
