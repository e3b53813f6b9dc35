"""ofono-phonesim, started in its root and in this process's network namespace, with a rule file made from its own.

It is Qt's and oFono's test telephone: its line framing, its storage and its encoder of texts are nobody's here. Its
stock rules refuse ``AT`` and ``AT+CMEE=1``, answer ``+CMS ERROR: 321`` to listing an empty storage, and write "ERROR"
and "OK" for one command; all that stays as it is. What is changed: an IMEI and an IMSI of honest length, a reference
that differs from text to text, an echo of each PDU that came (``+XSENT``), and status reports, of which it has none.
"""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from textback_pbx.testing import tpdu

PORT = 12345
CALLER = "+15125550150"
REFERENCES = (41, 142, 243)
_STOCK = "usr/share/ofono-phonesim/default.xml"

_RULES = """<simulator>
<chat>
    <command>AT+CNMI=?</command>
    <response>+CNMI: (0,1,2,3),(0,1),(0,1,2),(0,1),(0,1)\\n\\nOK</response>
</chat>
<chat>
    <command>AT+CMGS=*</command>
    <response eol="false">&gt; </response>
    <switch name="pdu"/>
</chat>
{pdu_state}
<state name="taken">
    <unsolicited delay="0">+XSENT: ${{SENT}}</unsolicited>
    <unsolicited delay="20">+CDS: {report_octets}\\n${{REPORT}}</unsolicited>
</state>
"""

_TAKEN = """    <chat>
        <command>{prefix}*</command>
        <response>+CMGS: ${{MR1}}\\n\\nOK</response>
        <set name="SENT" value="{prefix}${{*}}"/>
        <set name="REPORT" value="${{REPORT1}}"/>
        {turn}
        <switch name="taken"/>
    </chat>
"""


@dataclass(frozen=True)
class Phonesim:
    """One running emulator."""

    root: Path
    folder: Path  # inside the root, as this process sees it
    environment: dict[str, str] = field(repr=False)

    def inbound(self, sender: str, text: str) -> None:
        """Let somebody write to it: its own encoder makes the PDUs, in as many parts as it thinks right."""
        script = "\n".join(
            [
                f'tabSMS.gbMessage1.leMessageSender.text = "{sender}";',
                'tabSMS.gbMessage1.leSMSClass.text = "1";',
                'tabSMS.gbMessage1.leSMSServiceCenter.text = "15125550199";',
                f'tabSMS.gbMessage1.teSMSText.setPlainText("{text}");',
                "tabSMS.gbMessage1.pbSendSMSMessage.click();",
            ]
        )
        (self.folder / "sms.js").write_text(script, encoding="utf-8")
        for method, argument in (("SetPath", self._inside), ("Run", "sms.js")):
            self._call(method, argument)

    def _call(self, method: str, argument: str) -> None:
        words = ["dbus-send", "--session", "--print-reply", "--dest=org.ofono.phonesim", "/"]
        words += [f"org.ofono.phonesim.Script.{method}", f"string:{argument}"]
        command = ["chroot", str(self.root), *words]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 0, done.stderr

    @property
    def _inside(self) -> str:
        return "/" + str(self.folder.relative_to(self.root))


def rules(stock: str) -> str:
    """The stock rule file with what this bench needs; fails when the stock file is not the one it was made for."""
    for old, new in (
        ('name="GSN" value="1234567890"', 'name="GSN" value="004999010000018"'),
        ('name="IMSI" value="246813579"', 'name="IMSI" value="001010123456789"'),
    ):
        assert old in stock, f"the stock rules have changed: {old}"
        stock = stock.replace(old, new)
    now_ms = int(time.time()) * 1000
    reports = [_report(reference, now_ms) for reference in REFERENCES]
    values = [f'<set name="MR{n}" value="{mr}"/>' for n, mr in enumerate(REFERENCES, start=1)]
    values += [f'<set name="REPORT{n}" value="{pdu}"/>' for n, pdu in enumerate(reports, start=1)]
    chats = "".join(_TAKEN.format(prefix=prefix, turn=_turn()) for prefix in ("001", "003", "005", "007"))
    ours = _RULES.format(pdu_state=f'<state name="pdu">\n{chats}</state>', report_octets=len(reports[0]) // 2 - 1)
    return stock.replace("<simulator>", ours + "\n".join(values), 1)


def _report(reference: int, now_ms: int) -> str:
    return "00" + tpdu.encode_report(reference, CALLER, (now_ms, now_ms), 0).hex().upper()


def _turn() -> str:
    """The three references and reports take turns."""
    steps = [(f"{name}{n}", f"${{{name}{n + 1}}}") for name in ("MR", "REPORT") for n in (1, 2)]
    spare = [("T", "${MR1}"), ("U", "${REPORT1}")]
    back = [("MR3", "${T}"), ("REPORT3", "${U}")]
    return "".join(f'<set name="{name}" value="{value}"/>' for name, value in [*spare, *steps, *back])


@contextmanager
def phonesim(root: Path) -> Iterator[Phonesim]:
    """Run it; the caller has entered a network namespace of its own, because it listens on every interface."""
    with tempfile.TemporaryDirectory(dir=root / "tmp") as name:
        folder = Path(name)
        stock = (root / _STOCK).read_text(encoding="utf-8")
        (folder / "phone.xml").write_text(rules(stock), encoding="utf-8")
        inside = "/" + str(folder.relative_to(root))
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "QT_QPA_PLATFORM": "offscreen",
            "HOME": inside,
            "XDG_RUNTIME_DIR": inside,
            "LC_ALL": "C.UTF-8",
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={inside}/bus",
        }
        bus = ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address=unix:path={inside}/bus"]
        phone = ["ofono-phonesim", "-p", str(PORT), "-gui", f"{inside}/phone.xml"]
        with (
            _program(root, bus, environment),
            _waited((folder / "bus").exists, "the bus"),
            _program(root, phone, environment),
            _waited(_listens, "ofono-phonesim"),
        ):
            yield Phonesim(root, folder, environment)


@contextmanager
def _program(root: Path, words: list[str], environment: dict[str, str]) -> Iterator[None]:
    command = ["chroot", str(root), *words]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(10)


@contextmanager
def _waited(condition, what: str) -> Iterator[None]:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, f"{what} did not start"
        time.sleep(0.05)
    yield


def _listens() -> bool:
    """Whether it listens; asked of the kernel, because each connection opens a window of its own."""
    lines = [
        line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/self/net/{name}").read_text().splitlines()
    ]
    return any(words[1].endswith(f":{PORT:04X}") and words[3] == "0A" for words in lines if ":" in words[0])
