"""The configuration: one TOML file, secrets from the environment or from files, every problem named at once.

``TEXTBACK_PBX__AMI__SECRET`` sets ``ami.secret``; ``secret_file`` and ``pin_file`` name a file that holds one
(systemd's LoadCredential). Unknown keys are errors, because a misspelt rule that is silently ignored could text
somebody. This file must never print a secret.
"""

import tomllib
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from textback_pbx.config import secrets
from textback_pbx.config.problems import ConfigProblem, explain, key_lines, repeated_lines, secret_files
from textback_pbx.config.sections import (
    Ami,
    Backup,
    Cdr,
    DatabaseSection,
    FurtherModem,
    Hours,
    Line,
    Log,
    Metrics,
    Modem,
    Nudge,
    Office,
    Pbx,
    Pool,
    QuietHours,
    Replies,
    Report,
    Retention,
    Rules,
    Texts,
    TrunkNumbers,
)
from textback_pbx.config.staffing import Notify, Person, Queue, Route, Tasks, Webhook

DEFAULT_PATH = Path("/etc/textback-pbx/config.toml")
_VARIABLE = "TEXTBACK_PBX__AMI__SECRET"


class Settings(BaseSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(
        env_prefix="TEXTBACK_PBX__",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    dry_run: bool = False
    pbx: tuple[Pbx, ...] = ()
    office: Office
    hours: Hours = Hours()
    lines: tuple[Line, ...] = ()
    trunk_numbers: tuple[TrunkNumbers, ...] = ()
    ami: Ami = Ami()
    cdr: Cdr = Cdr()
    modem: Modem = Modem()
    modems: tuple[FurtherModem, ...] = ()
    pool: Pool = Pool()
    quiet_hours: QuietHours = QuietHours()
    rules: Rules = Rules()
    nudge: Nudge = Nudge()
    texts: Texts = Texts()
    replies: Replies = Replies()
    report: Report = Report()
    people: tuple[Person, ...] = ()
    queues: tuple[Queue, ...] = ()
    routes: tuple[Route, ...] = ()
    tasks: Tasks = Tasks()
    notify: Notify = Notify()
    webhooks: tuple[Webhook, ...] = ()
    database: DatabaseSection = DatabaseSection()
    backup: Backup = Backup()
    retention: Retention = Retention()
    metrics: Metrics = Metrics()
    log: Log = Log()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file: that is where secrets come from."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings

    def pbxs(self) -> tuple[Ami, ...]:
        """Return every PBX: that of ``[ami]``, unless only ``[[pbx]]`` tables are there, then those."""
        alone = not self.pbx or "ami" in self.model_fields_set
        return (*((self.ami,) if alone else ()), *self.pbx)

    def cdr_of(self, pbx: Ami) -> Cdr:
        """Return where a PBX keeps its call records: ``[cdr]`` for that of ``[ami]``."""
        return pbx.cdr if isinstance(pbx, Pbx) else self.cdr

    def cdr_url(self, cdr: Cdr) -> str:
        """Return the database's URL, from the file it names when it names one; it may hold a password."""
        return _secret(cdr.url, cdr.url_file)

    def ami_secret(self, pbx: Ami | None = None) -> str:
        """Return the AMI secret of a PBX (that of ``[ami]``), from the file it names when it names one."""
        ami = pbx or self.ami
        return _secret(ami.secret, ami.secret_file)

    def every_modem(self) -> tuple[Modem, ...]:
        """Return every modem: that of ``[modem]``, unless it has no port and ``[[modems]]`` tables are there."""
        alone = bool(self.modem.port) or not self.modems
        return (*((self.modem,) if alone else ()), *self.modems)

    def modem_pin(self, modem: Modem | None = None) -> str:
        """Return the PIN of a modem's SIM (that of ``[modem]``), or ``""``."""
        one = modem or self.modem
        return _secret(one.pin, one.pin_file)

    def zone(self) -> ZoneInfo:
        """Return the office's time zone."""
        return ZoneInfo(self.office.timezone)


def _secret(value: SecretStr, file: Path | None) -> str:
    return value.get_secret_value() if file is None else secrets.read(file)


def load(path: Path) -> Settings:
    """Read and check the file. Raises :class:`ConfigProblem` with every problem found."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigProblem(path, [f"cannot be read: {error.strerror}; name another with --config"]) from error
    except UnicodeDecodeError as error:
        raise ConfigProblem(path, [f"is not UTF-8 text (byte {error.start})"]) from error
    return parse(text, path)


def parse(text: str, path: Path) -> Settings:
    """Check the file's text; ``path`` is for messages only."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigProblem(path, [f"is not valid TOML: {error}"]) from error
    lines = key_lines(text)
    problems = [*repeated_lines(data, lines), *secret_files(data, lines)]
    try:
        settings = Settings(**data)
    except ValidationError as error:
        raise ConfigProblem(path, [*explain(error, lines, Settings), *problems]) from error
    except SettingsError as error:  # a variable for a whole table holds JSON
        raise ConfigProblem(path, [*problems, f"the environment: {error}; set one key, like {_VARIABLE}"]) from error
    from textback_pbx.config import meaning  # it reads Settings

    problems += meaning.problems(settings, lines)
    if problems:
        raise ConfigProblem(path, problems)
    return settings
