"""Makes the Debian roots the bench's Asterisks live in, once, and keeps them.

Asterisk 22 is packaged in Debian 14 ("forky") and Asterisk 16 in Debian 11 ("bullseye"); Debian 12 has neither. So
each version gets a small root of its own from `debootstrap --variant=minbase`, in a cache folder outside the checkout.
A root is made under another name and renamed when it is whole: one that was cut short is made again, never used.

The mirror and the proxies come from the machine's own apt configuration at run time. What only root or the machine's
package manager can give is asked for in one sentence (`BenchProblem`); the bench fails on it, it does not skip.
"""

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BASE_PACKAGES = ("asterisk", "asterisk-modules")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# What Asterisk writes while it runs; all of it belongs to the user it runs as.
WRITTEN = ("var/lib/asterisk", "var/spool/asterisk", "var/log/asterisk", "run/asterisk", "var/cache/asterisk")
DEBOOTSTRAP_SCRIPTS = Path("/usr/share/debootstrap/scripts")


class BenchProblem(Exception):
    """Something the bench needs is not here; the text says what, in one sentence."""


@dataclass(frozen=True, slots=True)
class Release:
    """Where one Asterisk version comes from. `script` is the debootstrap script to use when the suite has none."""

    major: int
    suite: str
    script: str
    packages: tuple[str, ...]


RELEASES = {
    22: Release(22, "forky", "sid", BASE_PACKAGES),
    # In Debian 11 voicemail is a package of its own.
    16: Release(16, "bullseye", "sid", (*BASE_PACKAGES, "asterisk-voicemail")),
}


def ensure_root(major: int) -> Path:
    """The finished root for this Asterisk version, made now if it is not there yet; raises BenchProblem."""
    release = RELEASES[major]
    check_machine()
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    root = folder / f"asterisk-{major}"
    with _locked(folder / f"asterisk-{major}.lock"):
        if not (root / ".complete").exists():
            _make(release, root)
    return root


def cache_folder() -> Path:
    """Outside the checkout, so that a fresh clone finds the roots an older one made."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "textback-pbx"


def check_machine() -> None:
    """Root, and debootstrap with Debian's keys; as root the missing packages are installed with apt-get."""
    if os.geteuid() != 0:
        raise BenchProblem(
            "make test-asterisk needs root (it makes a Debian root with debootstrap and runs Asterisk in a chroot): "
            "run it as root, for example `sudo make test-asterisk`."
        )
    wanted = {"debootstrap": shutil.which("debootstrap"), "debian-archive-keyring": KEYRING.exists()}
    missing = [package for package, there in wanted.items() if not there]
    if not missing:
        return
    names = " and ".join(missing)
    if not shutil.which("apt-get"):
        raise BenchProblem(f"make test-asterisk needs {names}, and this machine has no apt-get to install it with.")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "-q", "update"], ["apt-get", "-qy", "install", "--no-install-recommends", *missing]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchProblem(f"make test-asterisk needs {names}; `{' '.join(command)}` failed: {_last_line(done)}")


def debian_mirror() -> str:
    """The first Debian archive in the machine's apt configuration (both file formats); raises BenchProblem.

    TEXTBACK_PBX_DEBIAN_MIRROR names another one, for a machine that is no Debian.
    """
    if named := os.environ.get("TEXTBACK_PBX_DEBIAN_MIRROR"):
        return named.rstrip("/")
    folder = Path("/etc/apt")
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    for file in files:
        if file.suffix in {".list", ".sources"} and file.is_file():
            for uri in _archives(file.read_text(errors="replace"), one_line=file.suffix == ".list"):
                if uri.rstrip("/").endswith("/debian"):
                    return uri.rstrip("/")
    raise BenchProblem(
        "make test-asterisk found no Debian archive in /etc/apt: name one in TEXTBACK_PBX_DEBIAN_MIRROR "
        "(an address that ends in /debian)."
    )


def _archives(text: str, *, one_line: bool) -> Iterator[str]:
    """The archive addresses in one apt source file."""
    if one_line:
        for found in re.finditer(r"^\s*deb\s+(?:\[[^\]]*\]\s*)?(\S+)\s+\S+", text, re.MULTILINE):
            yield found[1]
        return
    for found in re.finditer(r"^URIs:((?:.*)(?:\n[ \t]+.*)*)", text, re.MULTILINE | re.IGNORECASE):
        yield from found[1].split()


def _make(release: Release, root: Path) -> None:
    """Debootstrap, packages, ownership; under a `.partial` name until all of it is done."""
    partial = root.with_name(root.name + ".partial")
    for old in (partial, root):
        _remove(old)
    mirror = debian_mirror()
    script = DEBOOTSTRAP_SCRIPTS / release.suite
    script = script if script.exists() else DEBOOTSTRAP_SCRIPTS / release.script
    _run(
        f"debootstrap of Debian {release.suite} from the machine's mirror",
        ["debootstrap", "--variant=minbase", f"--keyring={KEYRING}", release.suite, str(partial), mirror, str(script)],
    )
    _prepare_apt(release, partial, mirror)
    environment = {"DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
    chroot = ["chroot", str(partial), "apt-get", "-q"]
    _run("apt-get update in the new root", [*chroot, "update"], environment)
    install = [*chroot, "-y", "install", "--no-install-recommends", *release.packages]
    _run(f"installing Asterisk {release.major} in the new root", install, environment)
    _run("emptying the package cache in the new root", [*chroot, "clean"], environment)
    _give_to_asterisk(partial)
    (partial / ".complete").touch()
    partial.rename(root)


def _prepare_apt(release: Release, root: Path, mirror: str) -> None:
    """The new root's apt: same mirror and proxies as the machine, no service ever started, no documentation."""
    (root / "etc/apt/sources.list").write_text(f"deb {mirror} {release.suite} main\n")
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=False).stdout
    kept = [line for line in dump.splitlines() if re.match(r"Acquire::(\S*Proxy|Check-|https?::)", line)]
    (root / "etc/apt/apt.conf.d/99bench").write_text(
        "\n".join([*kept, 'Acquire::Languages "none";', 'Acquire::Retries "3";', ""])
    )
    (root / "etc/dpkg/dpkg.cfg.d/bench").write_text(
        "force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\n"
    )
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)


def _give_to_asterisk(root: Path) -> None:
    user, group = asterisk_ids(root)
    for name in WRITTEN:
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user, group, follow_symlinks=False)


def asterisk_ids(root: Path) -> tuple[int, int]:
    """User and group number of the unprivileged user `asterisk` inside the root."""
    for line in (root / "etc/passwd").read_text().splitlines():
        name, _, user, group, *_ = line.split(":")
        if name == "asterisk":
            return int(user), int(group)
    raise BenchProblem(f"the Asterisk package in {root} made no user named asterisk: remove that folder and run again.")


def _remove(root: Path) -> None:
    """Removes a root; first lets go of anything debootstrap left mounted in it when it was cut short."""
    if not root.exists():
        return
    mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for point in sorted((point for point in mounted if point.startswith(f"{root}/")), reverse=True):
        subprocess.run(["umount", "--lazy", point], check=True)
    shutil.rmtree(root)


def _run(what: str, command: list[str], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchProblem(f"make test-asterisk could not finish {what}: {_last_line(done)}")


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    """What a program said last, errors first: usually the one line that names the trouble."""
    lines = [line for line in (done.stdout + "\n" + done.stderr).splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("E:", "W: Failure"))]
    return (errors or lines or [f"exit status {done.returncode}"])[-1].strip()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Two runs at once make a root once."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
