"""Who holds a serial port, and in what words a port that cannot be opened is explained.

Three locks against two programs on one port: ``flock`` by pyserial's ``exclusive``, TIOCEXCL on real devices
(another user's open fails), and the UUCP lock file that gammu, minicom and smstools look for.
"""

import contextlib
import errno
import fcntl
import getpass
import os
import termios
from collections.abc import Sequence
from pathlib import Path

from textback_pbx.modem import finding

_LOCK_FOLDERS = (Path("/run/lock"), Path("/var/lock"))


class PortProblem(Exception):
    """The port cannot be used; the message says why and what to do. Shown without a traceback."""


class PortLock:
    """The UUCP lock file (FHS 3.0, 5.9) of one device; absent where the folder cannot be written."""

    def __init__(self) -> None:
        self._path: Path | None = None

    def take(self, device: str) -> None:
        """Write our process id; :func:`refuse_if_held` has looked before."""
        path = lock_path(device)
        if path is None or not os.access(path.parent, os.W_OK):
            return
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
            path.write_text(f"{os.getpid():10d}\n", encoding="ascii")
            self._path = path

    def release(self) -> None:
        """Remove the file, if it is still ours."""
        path, self._path = self._path, None
        if path is not None and _lock_holder(path) == os.getpid():
            with contextlib.suppress(OSError):
                path.unlink()


def lock_path(device: str) -> Path | None:
    """Where the lock file of a device belongs; ``None`` for pseudo-terminals, whose numbers mean nothing."""
    real = Path(os.path.realpath(device))
    if not real.name.startswith(("tty", "rfcomm")) or real.parent != Path("/dev"):
        return None
    return next((folder / f"LCK..{real.name}" for folder in _LOCK_FOLDERS if folder.is_dir()), None)


def _lock_holder(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return int(text) if text.isdigit() else None


def refuse_if_held(device: str) -> None:
    """Raise :class:`PortProblem` when a living program's lock file names the device."""
    path = lock_path(device)
    holder = None if path is None else _lock_holder(path)
    if holder is None or holder == os.getpid() or not Path(f"/proc/{holder}").is_dir():
        return
    raise PortProblem(f"{device} is locked by {_name(holder)} (process {holder}): stop that program first")


def claim(descriptor: int, device: str) -> None:
    """Set TIOCEXCL on a real device. A pseudo-terminal would keep the flag after a crash, so it gets none."""
    if not os.path.realpath(device).startswith("/dev/pts/"):
        with contextlib.suppress(OSError):
            fcntl.ioctl(descriptor, termios.TIOCEXCL)


def holders(device: str) -> list[str]:
    """Name the programs that have the device open, as far as this user may see: ``gammu-smsd (process 812)``."""
    real = Path(device).resolve()
    others = (process for process in Path("/proc").iterdir() if process.name.isdigit())
    return [
        f"{_name(int(process.name))} (process {process.name})"
        for process in others
        if int(process.name) != os.getpid() and _has_open(process, real)
    ]


def _has_open(process: Path, real: Path) -> bool:
    try:
        return any(entry.readlink() == real for entry in (process / "fd").iterdir())
    except OSError:
        return False


def _name(process: int) -> str:
    try:
        return Path(f"/proc/{process}/comm").read_text(encoding="utf-8").strip()
    except OSError:
        return "another program"


def modem_manager_runs() -> bool:
    """Whether ModemManager runs here; it opens every port that looks like a modem's."""
    return any(
        process.name.isdigit() and _name(int(process.name)) == "ModemManager" for process in Path("/proc").iterdir()
    )


def reading_along(url: str) -> str:
    """Name who else has our open port, for the words of a modem that does not answer; empty when nobody is seen.

    No lock keeps out a program of root's, and ModemManager is one: it takes the answers that we wait for.
    """
    if "://" in url or not Path(url).exists():
        return ""
    names = holders(url)
    if not names and modem_manager_runs() and not rules_installed():
        names = ["ModemManager"]  # whose files this user may not see
    return f"; {', '.join(names)} may be reading its answers: stop that program first" if names else ""


def rules_installed(
    folders: Sequence[Path] = (Path("/etc/udev/rules.d"), Path("/usr/lib/udev/rules.d"), Path("/lib/udev/rules.d")),
) -> bool:
    """Whether udev rules of ours (``hardware/99-textback-pbx.rules``, or the package's) are in place."""
    return any(file.name.endswith("textback-pbx.rules") for folder in folders for file in folder.glob("*.rules"))


def explain(url: str, error: Exception, sys: Path = Path("/sys")) -> str:
    """Say why ``url`` could not be opened and what to do. ``sys``: where the kernel shows the USB devices."""
    number = getattr(error, "errno", None)
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        for stick in finding.unusable(sys):
            return f"{url} is not there; plugged in is {stick.usb_id} {stick.product}: {stick.why}"
        return (
            f"{url} is not there: is the stick plugged in? `textback-pbx modem list` shows what is; a stick that "
            "comes up as a CD needs usb-modeswitch"
        )
    if number in (errno.EACCES, errno.EPERM):
        return (
            f"no permission for {url}: `sudo usermod -aG dialout {_user()}`, then log in again (or restart the service)"
        )
    if number in (errno.EAGAIN, errno.EWOULDBLOCK, errno.EBUSY):
        return _busy(url)
    if number in (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT) or "://" in url:
        return f"{url} does not answer ({error}): does the other host run, and does ser2net listen there?"
    if isinstance(error, termios.error) or number in (errno.ENOTTY, errno.EINVAL):
        return f"{url} is no serial port"
    return f"cannot open {url}: {error}"


def _busy(url: str) -> str:
    names = holders(url)
    if any(name.startswith("ModemManager") for name in names) or (not names and modem_manager_runs()):
        return (
            f"{url} is held by ModemManager: install hardware/99-textback-pbx.rules and plug the stick in again, or "
            "`sudo systemctl disable --now ModemManager`"
        )
    by = f" by {', '.join(names)}" if names else ""
    return f"{url} is in use{by}: two programs on one modem lose texts; stop the other one"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "USER"
