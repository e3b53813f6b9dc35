"""The cut of DESIGN: a stage imports itself, the stages before it, and clock, phone, database (from store.py only)."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "textback_pbx"
STAGES = ("calls", "consent", "decision", "outbox", "modem", "replies", "tasks")
SHARED = {"clock", "phone", "findings"}
TOP = {
    "pipeline", "agent", "cli", "web", "config", "health", "nudge", "doctor", "keeping", "database_file", "service",
    "setup", "support", "systemd", "journal",
}  # fmt: skip
ONLY_IMPORTER = {"panoramisk": "calls/ami.py", "gsmmodem": "modem/pdu.py", "serial": "modem/port.py"}
PURE = {
    "calls/backfill.py", "calls/backfill_book.py", "calls/backfill_rows.py", "calls/quick.py",
    "calls/events.py", "calls/record.py", "calls/outcome.py", "calls/epoch.py", "calls/phones.py", "calls/selftest.py",
    "consent/keywords.py", "consent/one_word.py", "consent/wordings.py", "consent/weighing.py", "consent/opinion.py",
    "replies/asked.py", "consent/ledger.py", "consent/gist.py", "consent/core.py",
    "consent/variants.py", "consent/spelling.py", "replies/tidy.py", "replies/deadline.py", "replies/slips.py",
    "replies/claims.py", "replies/days.py", "replies/hours.py",
    "replies/customer.py", "consent/chain.py",
    "decision/judges.py", "decision/nudge.py", "decision/lookback.py", "decision/promises.py",
    "decision/rules.py", "decision/wording.py", "decision/hours.py", "outbox/attempt.py", "outbox/reports.py",
    "modem/at.py", "modem/pdu.py", "modem/tpdu.py", "modem/alphabet.py", "modem/lines.py", "modem/results.py",
    "modem/cms.py", "modem/states.py", "modem/health.py", "outbox/share.py", "outbox/budget.py", "outbox/refusals.py",
    "replies/intake.py", "replies/routing.py", "replies/handling.py", "tasks/book.py",
    "replies/care.py", "tasks/staff.py", "tasks/escalation.py", "tasks/orders.py", "tasks/notify.py",
    "replies/search.py", "replies/canned.py", "replies/contacts/person.py", "replies/contacts/vcard.py",
    "replies/contacts/importing.py", "replies/threads/status.py", "replies/threads/timeline.py",
    "replies/threads/understood.py", "tasks/report.py", "tasks/periods.py", "tasks/weekly.py", "tasks/calendar.py",
    "tasks/figures/openings.py",
}  # fmt: skip
IMPURE_MODULES = {"asyncio", "socket", "subprocess", "threading", "time", "sqlite3", "aiosqlite", "logging", "os"}
FILES = sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def own_parts(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(path) if name.startswith("textback_pbx.")}


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize(
    "path", [f for f in FILES if f.parent.name in STAGES or f.parent.parent.name in STAGES], ids=relative
)
def test_a_stage_imports_only_what_comes_before_it(path):
    stage = relative(path).split("/")[0]
    allowed = {*SHARED, *STAGES[: STAGES.index(stage) + 1]}
    if path.name == "store.py" or path.name.endswith("_store.py"):
        allowed.add("database")
    assert own_parts(path) - allowed - {"__version__"} == set()


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_a_library_with_armour_has_one_importer(path):
    for library, importer in ONLY_IMPORTER.items():
        if any(name.split(".")[0] == library for name in imports(path)):
            assert relative(path) == importer


@pytest.mark.parametrize("name", sorted(PURE))
def test_a_pure_file_has_no_clock_and_no_io(name):
    path = PACKAGE / name
    assert path.exists(), f"{name} is named in DESIGN"
    used = {imported.split(".")[0] for imported in imports(path)}
    assert used & IMPURE_MODULES == set()
    assert own_parts(path) & {"clock", "database"} <= {"clock"}


@pytest.mark.parametrize(
    "path", [f for f in FILES if relative(f).split("/")[0] not in ("cli", "testing")], ids=relative
)
def test_the_daemon_loads_no_command_line_and_no_simulator(path):
    used = imports(path)
    assert not any(name.split(".")[0] in ("typer", "rich", "click") for name in used)
    assert not any(name.startswith("textback_pbx.testing") for name in used)


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_every_module_says_what_it_does_and_tasks_have_a_group(path):
    tree = ast.parse(path.read_text())
    if path.name != "__init__.py" or path.read_text().strip():
        assert ast.get_docstring(tree), "no docstring"
    loose = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "create_task"
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "asyncio"
    ]
    assert loose == [], "a bare asyncio.create_task"
