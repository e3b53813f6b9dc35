"""Makes the Debian root that ofono-phonesim and a new udev live in, once, and keeps it.

``python -m tests.phonesim.install``. ofono-phonesim is packaged in Debian 14 ("forky") and later only, and udev judges
rules since Debian 13; so both get a small root of their own, as the bench's Asterisks do. Without root nothing is made,
and the tests say so.
"""

import shutil
import sys
from pathlib import Path

from tests.asterisk.install import DEBOOTSTRAP_SCRIPTS as SCRIPTS
from tests.asterisk.install import KEYRING as KEYS
from tests.asterisk.install import (
    BenchProblem,
    Release,
    _locked,
    _prepare_apt,
    _remove,
    cache_folder,
    check_machine,
    debian_mirror,
)
from tests.asterisk.install import _run as run

SUITE = "forky"
RELEASE = Release(0, SUITE, "sid", ("ofono-phonesim", "dbus", "udev"))
_CONTENT = " ".join(RELEASE.packages)


def root() -> Path:
    """Where the root is, made or not."""
    return cache_folder() / "phonesim"


def is_there() -> bool:
    """Whether the root is whole, with all that is wanted today."""
    mark = root() / ".complete"
    return mark.exists() and mark.read_text() == _CONTENT


def ensure_root() -> Path:
    """The finished root, made now if it is not there yet; raises BenchProblem."""
    check_machine()
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / "phonesim.lock"):
        if not is_there():
            _make(root())
    return root()


def _make(target: Path) -> None:
    """Debootstrap and the packages, under a ``.partial`` name until all of it is done."""
    partial = target.with_name(target.name + ".partial")
    for old in (partial, target):
        _remove(old)
    mirror = debian_mirror()
    script = SCRIPTS / SUITE
    script = script if script.exists() else SCRIPTS / RELEASE.script
    command = ["debootstrap", "--variant=minbase", f"--keyring={KEYS}", SUITE, str(partial), mirror, str(script)]
    run(f"debootstrap of Debian {SUITE} from the machine's mirror", command)
    _prepare_apt(RELEASE, partial, mirror)
    environment = {"DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
    chroot = ["chroot", str(partial), "apt-get", "-q"]
    run("apt-get update in the new root", [*chroot, "update"], environment)
    install = [*chroot, "-y", "install", "--no-install-recommends", *RELEASE.packages]
    run("installing ofono-phonesim and udev in the new root", install, environment)
    run("emptying the package cache in the new root", [*chroot, "clean"], environment)
    shutil.rmtree(partial / "usr/share/icons", ignore_errors=True)
    (partial / ".complete").write_text(_CONTENT)
    partial.rename(target)


if __name__ == "__main__":
    try:
        ensure_root()
    except BenchProblem as problem:
        print(str(problem).replace("make test-asterisk", "ofono-phonesim"), file=sys.stderr)
        sys.exit(1)
