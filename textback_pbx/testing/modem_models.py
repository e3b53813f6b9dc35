"""Which modem the simulator plays: identity and quirks, read from the ``[simulator]`` table of hardware/modems/*.toml.

The driver reads the rest of the same file, so what is known of a model stands in one place. Every key is optional.
"""

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

#: What a model may do differently, as the field has met it.
QUIRKS: dict[str, str] = {
    "reports_lost_with_ds2": "status reports vanish with +CNMI ds=2 (Quectel EC25, EG25-G)",
    "cmgl_all_refused": "AT+CMGL=4 answers +CMS ERROR: 500 (Quectel EP06)",
    "cmgl_empty_refused": "AT+CMGL answers +CMS ERROR: 321 when there is nothing to list (ofono-phonesim)",
    "me_unreadable": "reading from ME answers +CMS ERROR: 302 although texts are stored there (Quectel EC200A)",
    "duplicate_deliveries": "each inbound text is stored and announced twice (SIMCom A7670)",
    "rssi_flood": "^RSSI codes come unasked until AT^CURC=0 (Huawei E3372s)",
    "needs_atf": "+CNMI is refused until AT&F was given once (SIMCom SIM7600)",
    "storage_full_urc": "^SMMEMFULL announces a full storage (Huawei)",
    "esc_answers_nothing": "ESC at the prompt ends it without OK",
    "joined_reply": "the prompt comes without the CR LF before it",
}


@dataclass(frozen=True, slots=True)
class Model:
    """A simulated model. ``cnmi`` lists what mode, mt, bm, ds and bfr accept, in +CNMI=?'s own notation."""

    name: str = "generic"
    manufacturer: str = "textback-pbx"
    model: str = "SIM-MODEM"
    revision: str = "1.0"
    iccid_commands: tuple[str, ...] = ("+CCID",)
    capacity: dict[str, int] = field(default_factory=lambda: {"SM": 20, "ME": 100})
    preferred_storage: str = "SM"
    first_index: int = 0
    cnmi: tuple[str, ...] = ("0-3", "0-3", "0-3", "0-2", "0,1")
    refused: frozenset[str] = frozenset()
    quirks: frozenset[str] = frozenset()
    boot_lines: tuple[str, ...] = ()
    echo: bool = True


def model_folder() -> Path:
    """Return the folder of model files: the checkout's, or the installed package's copy."""
    package = Path(__file__).resolve().parent.parent
    checkout = package.parent / "hardware" / "modems"
    return checkout if checkout.is_dir() else package / "modem" / "profiles"


def model_names(folder: Path | None = None) -> tuple[str, ...]:
    """List the models there are."""
    return tuple(sorted({"generic", *(path.stem for path in (folder or model_folder()).glob("*.toml"))}))


def load_model(name: str, folder: Path | None = None) -> Model:
    """Read a model by its file's stem; ValueError says what is wrong with the name or the table."""
    path = (folder or model_folder()) / f"{name}.toml"
    if not path.is_file():
        if name == "generic":
            return Model()
        raise ValueError(f"no modem model {name!r}; there are: {', '.join(model_names(folder))}")
    table = tomllib.loads(path.read_text(encoding="utf-8")).get("simulator", {})
    return model_from(name, table)


def model_from(name: str, table: dict[str, Any]) -> Model:
    """Build a model from its table; ValueError for a key or quirk that does not exist."""
    known = {item.name for item in fields(Model)} - {"name"}
    unknown = sorted(set(table) - known) + sorted(set(table.get("quirks", ())) - set(QUIRKS))
    if unknown:
        raise ValueError(f"modem model {name}: unknown in [simulator]: {', '.join(unknown)}")
    values = dict(table)
    for key in ("iccid_commands", "cnmi", "boot_lines"):
        if key in values:
            values[key] = tuple(values[key])
    for key in ("refused", "quirks"):
        if key in values:
            values[key] = frozenset(values[key])
    return Model(name=name, **values)


def accepts(ranges: str, value: int) -> bool:
    """Whether a +XXX=? range such as ``0-2`` or ``0,2`` takes a value."""
    for piece in ranges.split(","):
        low, _, high = piece.partition("-")
        if int(low) <= value <= int(high or low):
            return True
    return False
