"""Build the Debian package: `make deb`, or `make deb ARCH=arm64` for a Raspberry Pi.

The package carries every wheel it needs, by hash, for the Python of Debian 12 (3.11) and of Debian 13 (3.13), and makes
its own virtual environment from them when it is installed: no network, no compiler, and an upgrade of Debian rebuilds
it. So one package serves both releases and Raspberry Pi OS, and is built for another architecture without emulation.
"""

import argparse
import gzip
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PYTHONS = ("311", "313")
#: Debian's architecture -> the platform tags of its wheels (PEP 600).
PLATFORMS = {
    "amd64": ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
    "arm64": ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"),
}
LIB = "usr/lib/textback-pbx"


def version() -> str:
    """Return the project's version, as Debian writes it (a development release sorts before its release)."""
    text = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return os.environ.get("TEXTBACK_PBX_DEB_VERSION") or re.sub(r"\.?(dev|a|b|rc)", r"~\1", text)


def main() -> None:
    """Build the package and print where it is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--arch", choices=PLATFORMS, default=host_arch())
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    chosen = parser.parse_args()
    stage = chosen.out / f"deb-{chosen.arch}"
    shutil.rmtree(stage, ignore_errors=True)
    wheels(stage / LIB / "wheels", chosen.arch, chosen.out / "wheelhouse")
    files(stage)
    control(stage, chosen.arch)
    package = chosen.out / f"textback-pbx_{version()}_{chosen.arch}.deb"
    run("dpkg-deb", "--root-owner-group", "-Zxz", "--build", stage, package)
    shutil.rmtree(stage)
    print(package)


def host_arch() -> str:
    """Return this machine's architecture in Debian's words."""
    return subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout.strip()


def run(*command: object) -> None:
    """Run a command; its failure ends the build."""
    subprocess.run([str(word) for word in command], check=True, stdout=sys.stderr)


def wheels(target: Path, arch: str, cache: Path) -> None:
    """Put every wheel the agent needs below ``target``: ours and those both Pythons share in ``any``."""
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    (target / "any").mkdir(parents=True)
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", target / "any", ROOT)
    for python in PYTHONS:
        folder = cache / f"{arch}-{python}"
        tags = [word for tag in PLATFORMS[arch] for word in ("--platform", tag)]
        run(*pip, "download", "--only-binary=:all:", "--require-hashes", "-r", ROOT / "requirements/runtime.txt",
            "--implementation", "cp", "--python-version", python, *tags, "--dest", folder)  # fmt: skip
        for wheel in folder.glob("*.whl"):
            place = target / ("any" if wheel.name.endswith("-none-any.whl") else python)
            place.mkdir(exist_ok=True)
            shutil.copy(wheel, place)
    shutil.copy(ROOT / "requirements/runtime.txt", target / "requirements.txt")


def files(stage: Path) -> None:
    """Put everything else where Debian wants it."""
    copy(HERE / "textback-pbx", stage / "usr/bin/textback-pbx", 0o755)
    copy(HERE / "make-env", stage / LIB / "make-env", 0o755)
    unit = (ROOT / "hardware/systemd/textback-pbx.service").read_text()
    write(stage / "usr/lib/systemd/system/textback-pbx.service", unit.replace("/usr/local/bin/", "/usr/bin/"))
    copy(ROOT / "hardware/99-textback-pbx.rules", stage / "usr/lib/udev/rules.d/99-textback-pbx.rules")
    environment = {**os.environ, "_TEXTBACK_PBX_COMPLETE": "source_bash"}
    asked = [sys.executable, "-m", "textback_pbx"]
    script = subprocess.run(asked, env=environment, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    write(stage / "usr/share/bash-completion/completions/textback-pbx", script)
    docs = stage / "usr/share/doc/textback-pbx"
    copy(HERE / "copyright", docs / "copyright")
    copy(ROOT / "config.example.toml", docs / "examples/config.example.toml")
    for file in sorted((ROOT / "asterisk").rglob("*")):
        if file.is_file():
            copy(file, docs / "asterisk" / file.relative_to(ROOT / "asterisk"))
    packed(docs / "changelog.gz", (ROOT / "CHANGELOG.md").read_bytes())
    packed(docs / "README.md.gz", (ROOT / "README.md").read_bytes())
    page = ROOT / "docs/textback-pbx.1"
    if page.exists():
        packed(stage / "usr/share/man/man1/textback-pbx.1.gz", page.read_bytes())


def control(stage: Path, arch: str) -> None:
    """Write the package's own files."""
    size = sum(file.stat().st_size for file in stage.rglob("*") if file.is_file()) // 1024
    text = (HERE / "control.in").read_text()
    write(stage / "DEBIAN/control", text.format(version=version(), arch=arch, size=size))
    for name in ("postinst", "prerm", "postrm", "config"):
        copy(HERE / name, stage / "DEBIAN" / name, 0o755)
    for name in ("templates", "triggers"):
        copy(HERE / name, stage / "DEBIAN" / name)


def copy(source: Path, target: Path, mode: int = 0o644) -> None:
    """Copy one file with a mode that does not depend on the builder's umask."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)


def write(target: Path, text: str) -> None:
    """Write one text file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    target.chmod(0o644)


def packed(target: Path, data: bytes) -> None:
    """Write one file compressed, the same bytes each time."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.compress(data, 9, mtime=0))
    target.chmod(0o644)


if __name__ == "__main__":
    main()
