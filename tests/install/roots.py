"""Clean Debian roots the package is installed into: made once by debootstrap, copied anew for each run.

Only what every Debian has, and what the tests ask of it: systemd for its unit checker, and no Python of ours.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from tests.asterisk.install import (
    DEBOOTSTRAP_SCRIPTS,
    KEYRING,
    Release,
    _locked,
    _prepare_apt,
    _remove,
    cache_folder,
    check_machine,
    debian_mirror,
)
from tests.asterisk.install import _run as run

SUITES = {"bookworm": "12", "trixie": "13"}
PACKAGES = ("systemd", "udev", "procps", "adduser", "debconf", "python3", "python3-venv")
ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def ensure(suite: str) -> Path:
    """The finished root of this suite, made now if it is not there yet; raises BenchProblem."""
    check_machine()
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    root = folder / f"debian-{suite}"
    with _locked(folder / f"debian-{suite}.lock"):
        if not (root / ".complete").exists():
            _make(suite, root)
    return root


def _make(suite: str, root: Path) -> None:
    partial = root.with_name(root.name + ".partial")
    for old in (partial, root):
        _remove(old)
    mirror = debian_mirror()
    script = DEBOOTSTRAP_SCRIPTS / suite
    script = script if script.exists() else DEBOOTSTRAP_SCRIPTS / "sid"
    bootstrap = ["debootstrap", "--variant=minbase", f"--keyring={KEYRING}", suite, str(partial), mirror, str(script)]
    run(f"debootstrap of Debian {suite}", bootstrap)
    _prepare_apt(Release(0, suite, "sid", PACKAGES), partial, mirror)
    run("apt-get update", ["chroot", str(partial), "apt-get", "-q", "update"], ENVIRONMENT)
    install = ["chroot", str(partial), "apt-get", "-qy", "install", "--no-install-recommends", *PACKAGES]
    run("installing what every Debian has", install, ENVIRONMENT)
    run("emptying the package cache", ["chroot", str(partial), "apt-get", "-q", "clean"], ENVIRONMENT)
    (partial / ".complete").touch()
    partial.rename(root)


@contextmanager
def copy_of(suite: str) -> Iterator[Path]:
    """A fresh copy of a root, with /proc and /dev for what runs in it; gone afterwards."""
    folder = Path(mkdtemp(prefix=f"textback-{suite}-"))
    root = folder / "root"
    subprocess.run(["cp", "-a", "--reflink=auto", str(ensure(suite)), str(root)], check=True)
    mounts = [(["-t", "proc", "proc"], root / "proc"), (["--rbind", "/dev"], root / "dev")]
    made = []
    try:
        for how, where in mounts:
            where.mkdir(exist_ok=True)
            subprocess.run(["mount", *how, str(where)], check=True)
            made.append(where)
        yield root
    finally:
        for where in reversed(made):
            subprocess.run(["umount", "--recursive", "--lazy", str(where)], check=False)
        if not any(str(root) in line for line in Path("/proc/mounts").read_text().splitlines()):
            shutil.rmtree(folder)
