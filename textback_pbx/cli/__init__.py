"""The commands. Typer and rich are loaded here and never by the daemon; each group is loaded when it is asked for.

Exit codes: 0 done, 1 the answer is no (a check failed, nothing found), 2 wrong usage, 3 the configuration or the
database cannot be used, 4 a peer (PBX, modem) did not answer.
"""

from textback_pbx.cli.app import main

__all__ = ["main"]
