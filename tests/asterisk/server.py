"""One Asterisk of the bench: its own configuration, its own loopback block, its own process.

`Asterisk.start()` renders config/ and the installer's snippets from asterisk/ into a folder of its own inside the root,
takes a free block 127.0.N.0/24 (SIP on .1:5060, AMI on .1:5038, the carrier on .2, desk 101 on .101), and starts
`asterisk -C ... -f` in a chroot as the unprivileged user `asterisk`. Nothing it opens listens beyond loopback.
The process dies with the test run (parent-death signal), and `stop_hard()` ends it by its own process group.
"""

import contextlib
import ctypes
import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

from tests.asterisk.install import BenchProblem, asterisk_ids, cache_folder, ensure_root

CONFIG = Path(__file__).parent / "config"
SNIPPETS = Path(__file__).parents[2] / "asterisk"
DESKS = (101, 102, 103, 104)
START_SECONDS = 60.0
AMI_PORT = 5038
AMI_TLS_PORT = 5039
SIP_PORT = 5060
CHAN_SIP_PORT = 5070
LAST_WITH_CHAN_SIP = 20
PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None)


@dataclass(slots=True)
class Asterisk:
    """A running (or stopped) Asterisk. `ring` and `long_ring` are the dialplan's ringing times in whole seconds."""

    major: int
    ring: int = 2
    long_ring: int = 4
    use_eventfilter: bool = False
    system_name: str = ""  # Asterisk puts it before every Uniqueid
    timestamps: bool = False  # every event carries a Timestamp
    tls: bool = False  # the manager listens for TLS too, on `tls_port`
    user: str = "textback"
    secret: str = field(default_factory=lambda: secrets.token_hex(8))
    recorder_secret: str = field(default_factory=lambda: secrets.token_hex(8))
    net: str = ""
    root: Path = Path()
    folder: Path = Path()
    process: subprocess.Popen[bytes] | None = None
    _lock: IO[str] | None = None

    @property
    def host(self) -> str:
        """Where AMI and SIP listen."""
        return f"{self.net}.1"

    @property
    def port(self) -> int:
        """The manager port."""
        return AMI_PORT

    @property
    def tls_port(self) -> int:
        """The manager port behind TLS."""
        return AMI_TLS_PORT

    @property
    def ca_file(self) -> Path:
        """The certificate the manager shows behind TLS; it signed itself, for its address."""
        return self.folder / "etc/manager.pem"

    @property
    def has_chan_sip(self) -> bool:
        """chan_sip (and app_macro) left Asterisk in version 21."""
        return self.major <= LAST_WITH_CHAN_SIP

    @property
    def log(self) -> Path:
        """Asterisk's own log."""
        return self.folder / "log/full.log"

    @property
    def master_csv(self) -> Path:
        """The CDR file cdr_csv writes."""
        return self.folder / "log/cdr-csv/Master.csv"

    @property
    def master_db(self) -> Path:
        """The SQLite file cdr_sqlite3_custom writes."""
        return self.folder / "log/master.db"

    def address_of(self, extension: int) -> str:
        """The loopback address a phone answers on: desk 101 on .101; the carrier is extension 2."""
        return f"{self.net}.{extension}"

    def start(self) -> None:
        """Makes the root if need be, then starts Asterisk and waits until it takes calls; raises BenchProblem."""
        if not self.net:
            self.root = ensure_root(self.major)
            self._take_block()
            self.folder = self.root / "srv" / f"bench-{self.net.rpartition('.')[2]}"
            shutil.rmtree(self.folder, ignore_errors=True)
            self._render()
        self._launch()
        self._wait_until_booted()

    def restart(self, pause: float = 1.1) -> None:
        """Starts a stopped Asterisk again, on the same addresses; or stops it hard first.

        It is back in 0.3 s. With a shorter pause it may come back within the second its start time counts in.
        """
        self.stop_hard()
        time.sleep(pause)
        self._launch()
        self._wait_until_booted()

    def stop_hard(self) -> None:
        """kill -9: no Shutdown event, no BYE; as a power cut of the PBX."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """An ordered stop, as a service manager asks for it."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """Holds the whole process: its sockets stay open and say nothing."""
        os.killpg(self._running().pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Lets a paused process go on."""
        os.killpg(self._running().pid, signal.SIGCONT)

    def change_secret(self, secret: str) -> None:
        """Gives the agent's account another secret, as an admin would: file, then `manager reload`."""
        self.secret = secret
        self._render_manager()
        self.cli("manager reload")

    def cli(self, command: str) -> str:
        """What `asterisk -rx COMMAND` prints."""
        done = subprocess.run(
            [*self._chroot(), "/usr/sbin/asterisk", "-C", f"{self._inside}/etc/asterisk.conf", "-rx", command],
            capture_output=True, text=True, errors="replace", timeout=30, check=False,
        )  # fmt: skip
        return done.stdout

    def close(self) -> None:
        """Ends the process, removes what it wrote, gives the address block back."""
        self.stop_hard()
        if self.folder != Path():
            shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock:
            self._lock.close()
            self._lock = None

    # ---- the parts -----------------------------------------------------------------------------------------------

    @property
    def _inside(self) -> str:
        return f"/{self.folder.relative_to(self.root)}"

    def _chroot(self) -> list[str]:
        user, group = asterisk_ids(self.root)
        return ["chroot", f"--userspec={user}:{group}", str(self.root)]

    def _running(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            raise RuntimeError("this Asterisk is not running")
        return self.process

    def _take_block(self) -> None:
        """A free 127.0.N block: the lock file keeps other runs of the bench off it."""
        for number in range(20, 250):
            handle = (cache_folder() / f"block-{number}.lock").open("w")
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _probe_port(f"127.0.{number}.1")
            except OSError:
                handle.close()
                continue
            self.net, self._lock = f"127.0.{number}", handle
            return
        raise BenchProblem("make test-asterisk found no free loopback block 127.0.20-249: another run must end first.")

    def _render(self) -> None:
        user, group = asterisk_ids(self.root)
        etc = self.folder / "etc"
        for name in ("etc/manager.d", "etc/extensions.d", "run", "log/cdr-csv", "spool/voicemail", "lib"):
            (self.folder / name).mkdir(parents=True)
        modules = next(self.root.glob("usr/lib/*/asterisk/modules"), self.root / "usr/lib/asterisk/modules")
        desks = "\n".join(_desk(number, self.address_of(number)) for number in DESKS)
        marks = {
            "@DIR@": self._inside, "@NET@": self.net, "@RING@": str(self.ring), "@LONGRING@": str(self.long_ring),
            "@MODULES@": f"/{modules.relative_to(self.root)}", "@RECORDER_SECRET@": self.recorder_secret,
            "@DESKS@": desks, "@SYSTEM@": f"systemname = {self.system_name}" if self.system_name else "",
            "@TIMESTAMPS@": "yes" if self.timestamps else "no",
            "@TLS@": "yes" if self.tls else "no", "@TLSPORT@": str(AMI_TLS_PORT),
        }  # fmt: skip
        for source in CONFIG.glob("*.conf"):
            text = source.read_text()
            for mark, value in marks.items():
                text = text.replace(mark, value)
            (etc / source.name).write_text(_only_present(text, modules) if source.name == "modules.conf" else text)
        shutil.copy(SNIPPETS / "cdr.conf", etc / "textback-cdr.conf")
        shutil.copy(SNIPPETS / "extensions/textback.conf", etc / "extensions.d/textback.conf")
        self._render_manager()
        if self.tls:
            certificate(self.ca_file, self.host)
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, user, group)

    def _render_manager(self) -> None:
        """The installer's snippet, with what an installer changes in it: secret, address, the filter if wanted."""
        text = (SNIPPETS / "manager.d/textback.conf").read_text()
        text = text.replace("change-this-secret", self.secret).replace(
            "permit = 127.0.0.1/255.255.255.255", "permit = 127.0.0.0/255.0.0.0"
        )
        if self.use_eventfilter:
            text = text.replace(";#include", "#include")
        shutil.copy(SNIPPETS / "manager.d/textback.eventfilter", self.folder / "etc/manager.d")
        (self.folder / "etc/manager.d/textback.conf").write_text(text)

    def _launch(self) -> None:
        command = ["/usr/sbin/asterisk", "-C", f"{self._inside}/etc/asterisk.conf", "-f", "-q"]
        with (self.folder / "log/console.log").open("ab") as console:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
                preexec_fn=partial(_enter, self.root, *asterisk_ids(self.root)),  # noqa: PLW1509 -- no other thread yet
            )  # fmt: skip

    def _wait_until_booted(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._running().poll() is not None:
                break
            if self._answers():
                return
            time.sleep(0.1)
        console = (self.folder / "log/console.log").read_text(errors="replace").strip().splitlines()
        self._end(signal.SIGKILL)
        raise BenchProblem(f"Asterisk {self.major} did not start: {' / '.join(console[-3:]) or 'it said nothing'}")

    def _answers(self) -> bool:
        """Logs in as the recorder: FullyBooted is sent at once when the start is over."""
        login = f"Action: Login\r\nUsername: recorder\r\nSecret: {self.recorder_secret}\r\n\r\n"
        try:
            with socket.create_connection((self.host, self.port), timeout=2) as link:
                link.sendall(login.encode())
                seen = b""
                while b"FullyBooted" not in seen:
                    chunk = link.recv(4096)
                    if not chunk:
                        return False
                    seen += chunk
        except OSError:
            return False
        return True

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, how)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None


def _enter(root: Path, user: int, group: int) -> None:
    """In the child, before Asterisk: the root, the unprivileged user, and the end together with the test run.

    The parent-death signal comes last: a change of user clears it (prctl(2)).
    """
    os.chroot(root)
    os.chdir("/")
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def certificate(path: Path, address: str) -> None:
    """Key and certificate in one file, as tlscertfile wants them; for this address, signed by itself."""
    key = path.with_suffix(".key")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(path),
               "-subj", "/CN=bench", "-days", "2", "-addext", f"subjectAltName=IP:{address}"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchProblem(f"make test-asterisk needs openssl for the manager's certificate: {done.stderr.strip()}")
    path.write_text(path.read_text() + key.read_text())


def _probe_port(address: str) -> None:
    """Raises OSError when something listens on this address's manager port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address, AMI_PORT))


def _desk(number: int, address: str) -> str:
    return f"""[{number}](desk)
aors = {number}
callerid = Ext {number} <{number}>
[{number}]
type = aor
contact = sip:{number}@{address}:{SIP_PORT}
[{number}]
type = identify
endpoint = {number}
match = {address}
"""


def _only_present(text: str, modules: Path) -> str:
    """Leaves out the modules this version does not have: each would cost an error line in its log."""
    lines = [
        line
        for line in text.splitlines()
        if not line.startswith("load = ") or (modules / line.removeprefix("load = ")).exists()
    ]
    return "\n".join([*lines, ""])
