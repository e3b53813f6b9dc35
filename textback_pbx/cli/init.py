"""``init``: the wizard. It looks, asks, checks, writes a commented configuration, and says what comes next."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from textback_pbx.cli.common import EXIT_NO, EXIT_SETUP, EXIT_USAGE, ConfigOption, fail, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from textback_pbx.config import Settings
    from textback_pbx.setup import Question

app = typer.Typer(add_completion=False)
_UNREADABLE = "some of these letters are no UTF-8 (is the terminal set to it?), or cannot be seen: type it again"
_DATABASE = Path("/var/lib/textback-pbx/textback.sqlite")


@app.command()
def init(
    config: ConfigOption = None,
    answers: Annotated[
        Path | None, typer.Option("--answers", help="A TOML file with the answers: nothing is asked, for scripts.")
    ] = None,
    secret_file: Annotated[
        Path | None, typer.Option("--secret-file", help="A file that holds the AMI secret, instead of typing it.")
    ] = None,
    database: Annotated[
        Path | None,
        typer.Option(
            "--database",
            help="Where everything will be kept [where it is, at first /var/lib/textback-pbx/textback.sqlite].",
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Write a configuration that is there anew; the former one is kept beside it."),
    ] = False,
    skip_checks: Annotated[bool, typer.Option("--skip-checks", help="Do not try the PBX and the modem.")] = False,
) -> None:
    """Set the office up: find the modem, try the PBX, ask what is needed, write the configuration.

    Run it again with --force at any time; what it wrote can be edited by hand. Example: sudo textback-pbx init
    """
    from textback_pbx.config import DEFAULT_PATH, ConfigProblem

    path = config or DEFAULT_PATH
    if path.exists() and not force:
        fail(f"{path} is there already. Edit it, or write a new one: textback-pbx init --force", EXIT_USAGE)
    try:
        _insist_on_a_place(path)
        Wizard(path, _Answers(answers), secret_file, database).run(skip_checks=skip_checks)
    except ConfigProblem as problem:
        fail(str(problem), EXIT_SETUP)
    except PermissionError as error:
        fail(f"{error}. Run it as root: sudo textback-pbx init", EXIT_SETUP)
    except OSError as error:
        fail(f"{error}. What was there before is unchanged", EXIT_SETUP)


def _insist_on_a_place(path: Path) -> None:
    """Before twenty questions are answered, not after. Raises ``PermissionError``."""
    folder = next(one for one in path.absolute().parents if one.is_dir())
    if not os.access(folder, os.W_OK):
        raise PermissionError(13, "cannot be written by this user", str(folder))


class _Answers:
    """Where answers come from: a person, or a file of them."""

    def __init__(self, file: Path | None) -> None:
        self._given: dict[str, str] | None = None
        if file is not None:
            self._given = _flat(file)

    @property
    def a_person(self) -> bool:
        """Whether somebody can be asked."""
        return self._given is None

    def get(self, key: str, words: str, offer: str = "") -> str:
        """Return the answer to one question."""
        if self._given is not None:
            return self._given.get(key, offer)
        return str(typer.prompt(words, default=offer, show_default=bool(offer)))


def _flat(file: Path) -> dict[str, str]:
    import tomllib

    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        fail(f"{file}: {error}", EXIT_USAGE)
    found = {}
    for section, table in data.items():
        for key, value in table.items() if isinstance(table, dict) else ():
            found[f"{section}.{key}"] = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return found


class Wizard:
    """The steps, each in a few lines on the screen."""

    def __init__(self, path: Path, answers: _Answers, secret_file: Path | None, database: Path | None) -> None:
        from textback_pbx.setup import former_of, offers

        self._path, self._answers, self._secret_file = path, answers, secret_file
        self._former, former_database = former_of(path)
        self._database = database or former_database or _DATABASE
        self._offers = offers(self._former) if self._former is not None and answers.a_person else {}
        self._secret: str | None = None
        self._found: dict[str, str] = {}

    def run(self, *, skip_checks: bool) -> None:
        """Go through all of it."""
        print("textback-pbx: set-up. Nothing is sent and nothing is changed on the PBX.\n")
        modem = self._modem()
        self._pbx()
        self._office()
        settings = self._write(modem)
        self._consent()
        wrong = False if skip_checks else run(lambda: _check(settings))
        self._next(wrong=wrong)
        if wrong:
            raise typer.Exit(EXIT_NO)

    # 1 ---------------------------------------------------------------------------------------------------------

    def _modem(self) -> str:
        """Choose the modem's port; a stick without an AT port is refused with words."""
        from textback_pbx.modem import finding, holders
        from textback_pbx.setup import numbered, problem_of

        print("1. The modem")
        ports = finding.candidates()
        for stick in finding.unusable():
            print(f"   {stick.usb_id} {stick.product}: {stick.why}")
        if holders.modem_manager_runs():
            print("   ModemManager runs and opens every modem: sudo systemctl disable --now ModemManager")
        if ports:
            print(numbered(f"{port.port}  {port.hint or port.profile}" for port in ports))
        else:
            print("   no modem found below /dev/serial/by-id: plug it in and run this again, or name its port")
        best = next((n for n, port in enumerate(ports, start=1) if port.hint), 1 if ports else None)
        offer = self._offers.get("modem.port") or str(best or "")

        def wrong(answer: str) -> str:
            if answer.isdigit() and not 1 <= int(answer) <= len(ports):
                return f"there is no number {answer} in the list; a port begins with /dev/"
            return "" if answer.isdigit() or not answer else problem_of("modem.port", answer)

        answer = self._retry(lambda: self._answers.get("modem.port", "   Which one? A number, or a port", offer), wrong)
        return ports[int(answer) - 1].port if answer.isdigit() else answer

    def _retry(self, ask: Callable[[], str], wrong: Callable[[str], str]) -> str:
        from textback_pbx.setup import retry

        def judged(answer: str) -> str:
            return wrong(answer) if answer.isprintable() else _UNREADABLE

        return retry(ask, judged, print, tries=5 if self._answers.a_person else 1)

    # 2 ---------------------------------------------------------------------------------------------------------

    def _pbx(self) -> None:
        from textback_pbx.setup import AMI

        print("\n2. Asterisk (the account is made as in asterisk/README.md)")
        for question in AMI:
            self._ask(question)
        if self._secret_file is None and self._answers.a_person and not os.environ.get("TEXTBACK_PBX__AMI__SECRET"):
            self._secret = self._ask_secret()

    def _ask_secret(self) -> str:
        """Ask without an echo; Enter keeps the one that is there. Nothing is written before all is answered."""
        kept = self._former.ami_secret() if self._former is not None else ""
        words = "   Its secret (Enter: as it is)" if kept else "   Its secret"
        return self._retry(
            lambda: str(typer.prompt(words, hide_input=True, default=kept or None, show_default=False)), lambda _: ""
        )

    def _keep_secret(self, secret: str) -> None:
        """Write the secret where only the agent's user reads it."""
        from textback_pbx.setup import SECRET_FILE

        self._secret_file = self._path.parent / SECRET_FILE.name
        _write_private(self._secret_file, secret + "\n")

    # 3 ---------------------------------------------------------------------------------------------------------

    def _office(self) -> None:
        from textback_pbx.setup import here, questions

        print("\n3. The office")
        for question in questions(*here()):
            self._ask(question)

    def _ask(self, question: Question) -> None:
        from textback_pbx.setup import problem_of

        offer = self._offers.get(question.key, question.offer)
        self._found[question.key] = self._retry(
            lambda: self._answers.get(question.key, f"   {question.words}", offer),
            lambda text: problem_of(question.key, text, self._found.get("office.country", "US")),
        )

    # 4 ---------------------------------------------------------------------------------------------------------

    def _write(self, modem: str) -> Settings:
        from textback_pbx.setup import SECRET_FILE, checked, compose, set_aside

        words = "\n4. Decide and record only, send nothing at first (yes, no)"
        dry = self._answers.get("setup.dry_run", words, self._offers.get("setup.dry_run", "yes"))
        text = compose(
            self._found,
            modem=modem,
            secret_file=self._secret_file if self._secret is None else self._path.parent / SECRET_FILE.name,
            dry_run=dry.lower() not in ("no", "false", "n"),
            database=self._database,
        )
        self._path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        if self._path.exists():
            print(f"   the former file is {set_aside(self._path)}: copy over what was changed in it by hand")
        if self._secret is not None:
            self._keep_secret(self._secret)
        settings = checked(text, self._path)
        _write_private(self._path, text)
        print(f"   written: {self._path}")
        return settings

    # 5 ---------------------------------------------------------------------------------------------------------

    def _consent(self) -> None:
        """Show what the office agrees to, and write the choice into the ledger."""
        from textback_pbx.cli.consent_policy import choose
        from textback_pbx.consent.policies import POLICIES, PolicyName

        print("\n5. Which proof a text needs")
        for policy in POLICIES.values():
            print(f"   {policy.name.value}: {policy.summary}")
        name = self._retry(
            lambda: self._answers.get("consent.policy", "   Your choice (it can be changed)", "recorded"),
            lambda text: "" if text in set(PolicyName) else f"{text!r} is no policy: one of {', '.join(PolicyName)}",
        )
        words = "   Who chooses (this goes into the ledger)"
        actor = self._retry(lambda: self._answers.get("consent.actor", words, "installer"), lambda _: "")
        print(f"   This text goes into the ledger:\n   {POLICIES[PolicyName(name)].text}")
        seq = run(lambda: choose(self._path, POLICIES[PolicyName(name)], "", actor))
        print(f"   entry {seq}, by {actor}")

    # 6 ---------------------------------------------------------------------------------------------------------

    def _next(self, *, wrong: bool) -> None:
        from textback_pbx.config import DEFAULT_PATH

        option = "" if self._path == DEFAULT_PATH else f" --config {self._path}"
        print("\nNext:")
        if wrong:
            print("   mend what failed above, then look again: textback-pbx doctor")
        if Path("/run/systemd/system").is_dir():
            print("   sudo systemctl enable --now textback-pbx")
        else:
            print(f"   textback-pbx run{option}")
        print(f"   a test text to your own phone:  textback-pbx test-text YOUR-NUMBER{option}")
        print(f"   a test call: call the office from a mobile, let it ring, and watch:  textback-pbx tail{option}")


async def _check(settings: Settings) -> bool:
    """Run the checks that concern what was just set; return whether one failed."""
    from textback_pbx.cli.doctor import show
    from textback_pbx.doctor.run import CHECKS, examine

    print("\n6. Does it work?")
    wrong = False
    async for finding in examine(settings, CHECKS):
        show(finding)
        wrong = wrong or finding.level == "fail"
    return wrong


def _write_private(path: Path, text: str) -> None:
    """Write a file that its owner and the agent's group can read, nobody else; whole or not at all."""
    import grp

    partial = path.with_name(path.name + ".new")
    handle = os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o640)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if os.geteuid() == 0:
        try:
            os.chown(partial, 0, grp.getgrnam("textback").gr_gid)
        except KeyError:
            print("   there is no group textback: the agent's user must be able to read the file", file=sys.stderr)
    partial.replace(path)
