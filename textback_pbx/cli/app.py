"""The top command: groups named in one table and imported only when used, so ``--help`` stays fast."""

import importlib
import importlib.util
import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

#: name -> (module under textback_pbx.cli with an ``app``, one line of help), in the order of a new user's day.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "Play a short morning of calls through the real agent, on simulators."),
    "init": ("init", "Set the office up: find the modem, try the PBX, write the configuration."),
    "run": ("run", "Run the agent."),
    "config": ("config", "Check the configuration and show what applies."),
    "status": ("status", "Say what works and what does not, in words."),
    "tail": ("tail", "Show what happens, as it happens."),
    "test-text": ("try_text", "Send one test text to your own phone and tell each step."),
    "doctor": ("doctor", "Find what is wrong with the set-up, and name the fix."),
    "why": ("why", "Tell the story of one call or one message."),
    "decide": ("decide", "Say what would happen to a call, and which rule says so."),
    "calls": ("calls", "List calls; replay recordings of AMI traffic."),
    "threads": ("threads", "Read and answer what callers wrote."),
    "contacts": ("contacts", "The people the office knows; import and export them."),
    "tasks": ("tasks", "Who has to call whom back, and by when."),
    "routes": ("routes", "Whose a reply is, and which rule says so."),
    "people": ("people", "Who works here, who is there now, who is away."),
    "notify": ("notify", "What staff and endpoints were told, and what reached nobody."),
    "limits": ("limits", "What the limits let through; resume after a flood; numbers that take no texts."),
    "consent": ("consent", "Grant, revoke, show, import, export and verify consent."),
    "templates": ("templates", "Lint, preview and list the texts."),
    "replies": ("replies", "Show how a text that comes back is understood."),
    "outbox": ("outbox", "List what is on its way out; resolve what nobody can know."),
    "modem": ("modem", "Ask the modem how it is."),
    "report": ("report", "The numbers a manager reads."),
    "support-bundle": ("support_bundle", "One file for whoever helps, with nobody's number in it."),
    "backup": ("backup", "Copy the database, list the copies, check one."),
    "restore": ("restore", "Bring a backup back, without texting anybody twice."),
    "purge": ("purge", "Delete what is too old to be kept."),
    "calendar": ("calendar", "Call-backs and bookings for the office's own calendar."),
    "export": ("export", "Everything as CSV, one file a table."),
    "clock": ("clock", "Say that the clock is right, after it jumped."),
    "simulate": ("simulate", "Run a simulated PBX or modem, for trying things out."),
}


class LazyGroup(TyperGroup):
    """A click group that imports a command's module when the command is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the table's names that exist, in the table's order."""
        del ctx
        return [name for name, (module, _) in COMMANDS.items() if _exists(module)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the real command when it is to run, a stand-in with its help line when it is only listed."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, text = COMMANDS[cmd_name]
        if _is_asked_for(cmd_name):
            loaded = importlib.import_module(f"textback_pbx.cli.{module}")
            command = typer.main.get_command(loaded.app)
            command.name, command.help = cmd_name, command.help or text
            return _plain(command)
        return _stand_in(cmd_name, text)


def _plain(command: Any) -> Any:
    """Take rich's markup out of the help: it reads "[modem]" as a colour, and fails on "[/etc/...]"."""
    command.rich_markup_mode = None
    for inner in getattr(command, "commands", {}).values():
        _plain(inner)
    return command


def _is_asked_for(name: str) -> bool:
    return name in sys.argv[1:] or "_TEXTBACK_PBX_COMPLETE" in os.environ


def _exists(module: str) -> bool:
    return importlib.util.find_spec(f"textback_pbx.cli.{module}") is not None


def _stand_in(name: str, text: str) -> Any:
    command = typer.main.get_command(_EMPTY)
    command.name, command.help, command.short_help = name, text, text
    return command


_EMPTY = typer.Typer(add_completion=False)


@_EMPTY.command()
def _nothing() -> None:
    """Stand in for a command that is only listed."""


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _root() -> None:
    """Text the callers an office missed, and keep their answers.

    Example: textback-pbx demo
    """


def main() -> None:
    """Run the command line. Who forgot sudo is told so, whichever file it was."""
    try:
        app(prog_name="textback-pbx")
    except PermissionError as error:
        print(f"{error.filename} is closed to this user. Run it as root: sudo textback-pbx ...", file=sys.stderr)
        sys.exit(3)
