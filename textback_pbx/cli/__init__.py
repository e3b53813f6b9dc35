"""The commands. Typer and rich are loaded for people and never for the daemon (``run``), whose memory counts.

Exit codes: 0 done, 1 the answer is no (a check failed, nothing found), 2 wrong usage, 3 the configuration or the
database cannot be used, 4 a peer (PBX, modem) did not answer.
"""

import sys


def main() -> None:
    """Run the command line; ``run`` goes straight to the agent."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["run"] and not {"-h", "--help"} & set(arguments):
        from textback_pbx.service import main as agent

        sys.exit(agent(arguments[1:]))
    from textback_pbx.cli.app import main as command

    command()
