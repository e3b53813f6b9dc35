"""Where a secret's file is: under systemd the copy that LoadCredential made, which root alone may own otherwise."""

import os
from pathlib import Path


def place(file: Path) -> Path:
    """Return systemd's credential of the same name where there is one, else the file as it is named."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    given = Path(folder) / file.name
    return given if folder and given.is_file() else file


def read(file: Path) -> str:
    """Return what stands in the file, without white space around it. Raises ``OSError``, ``UnicodeDecodeError``."""
    return place(file).read_text(encoding="utf-8").strip()
