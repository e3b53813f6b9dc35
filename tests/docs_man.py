"""The manual page, textback-pbx(1), made from the command line itself; man(7) macros."""

from pathlib import Path
from typing import Any

from tests.docs_commands import parts_of_help, tree
from textback_pbx.cli.app import COMMANDS

PAGE = Path(__file__).parents[1] / "docs" / "textback-pbx.1"

_HEAD = r""".\" Made by `python -m tests.docs --write`; do not edit.
.TH TEXTBACK-PBX 1 "" "textback-pbx" "User Commands"
.SH NAME
textback-pbx \- texts the callers an office missed
.SH SYNOPSIS
.B textback-pbx
.I command
[\fIoptions\fR]
.SH DESCRIPTION
Listens to Asterisk through AMI, folds each call into one outcome, and answers a missed call with one honest text
through a USB GSM modem, if the office may send it.
What the caller answers lands with a named person who has a deadline.
Consent, threads and every decision are kept in one SQLite file on the device.
.PP
A new office: \fBtextback\-pbx init\fR.
When something looks wrong: \fBtextback\-pbx status\fR, then \fBtextback\-pbx doctor\fR.
.SH COMMANDS
"""
_TAIL = r""".SH EXIT STATUS
.TP
.B 0
done
.TP
.B 1
the answer is no: a check failed, nothing was found
.TP
.B 2
wrong usage
.TP
.B 3
the configuration or the database cannot be used; starting again would not help
.TP
.B 4
a peer (PBX, modem) did not answer
.SH ENVIRONMENT
.TP
.B TEXTBACK_PBX_CONFIG
the configuration file, where \-\-config does not name one
.TP
.B TEXTBACK_PBX__AMI__SECRET
sets ami.secret; every other key likewise
.TP
.B NO_COLOR
no colours
.SH FILES
.TP
.I /etc/textback-pbx/config.toml
the configuration
.TP
.I /var/lib/textback-pbx/textback.sqlite
everything else; mode 0600
.TP
.I /var/lib/textback-pbx/backups
the nightly copies, where backup.folder names no better place
.SH SEE ALSO
.BR asterisk (8),
.BR systemctl (1),
.BR journalctl (1)
"""


def page() -> str:
    """Return the whole page."""
    return _HEAD + "".join(_entry(words, command) for words, command in tree().items()) + _TAIL


def _entry(words: tuple[str, ...], command: Any) -> str:
    prose, example = parts_of_help(command.help or COMMANDS[words[0]][1])
    if hasattr(command, "commands"):
        return f".SS {_plain(' '.join(words))}\n{_plain(prose)}\n"
    lines = [f".TP\n.B textback\\-pbx {_plain(' '.join(words))}\n{_plain(prose)}\n"]
    lines += [f".br\n{_names(one)}: {_plain(one.help)}\n" for one in command.params if getattr(one, "help", None)]
    if example:
        lines.append(f".br\nExample: \\fI{_plain(example)}\\fR\n")
    return "".join(lines)


def _names(param: Any) -> str:
    words = param.opts if param.param_type_name == "option" else [(param.metavar or param.name).upper()]
    return ", ".join(f"\\fB{_plain(word)}\\fR" for word in words)


def _plain(text: str) -> str:
    """Return text that troff shows as it is: no escape, no hyphen that becomes a dash, no request at a line's start."""
    shown = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace("\n", " ")
    return rf"\&{shown}" if shown.startswith(".") else shown
