"""The documentation says what the program does: every table is the code's, every command and link exists."""

import ast
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import docs, docs_commands, docs_man, docs_settings
from textback_pbx.calls.outcome import LegClass, Outcome
from textback_pbx.decision import document, nudge, rules
from textback_pbx.modem.health import WORDS
from textback_pbx.outbox import attempt

ROOT = docs.ROOT
PAGES = sorted((ROOT / "docs").rglob("*.md"))
OTHERS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
TEXTS = [*PAGES, *OTHERS, *sorted((ROOT / "asterisk").rglob("*.md")), *sorted((ROOT / "hardware").rglob("*.md"))]
CODE = sorted((ROOT / "textback_pbx").rglob("*.py"))
DATA = [ROOT / "config.example.toml", *sorted((ROOT / "hardware").rglob("*.toml")), *CODE]
TREE = docs_commands.tree()
KEYS = dict(docs_settings.keys())

NO_MACHINE = re.compile(r"/work/|/root/|/home/[a-z]")
NO_REGISTRY = re.compile(
    r"pypi\.(org|python)|pythonhosted|registry\.npmjs|proxy\.golang|deb\.debian\.org|archive\.ubuntu"
)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


# tables ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_table_is_the_codes(path):
    text = path.read_text(encoding="utf-8")
    assert text == docs.filled(text), "run: python -m tests.docs --write"
    assert text.count("<!-- made:") == text.count("<!-- end -->") == len(docs.blocks_of(text))


def test_every_block_that_is_made_stands_on_a_page_once():
    assert sorted(name for path in PAGES for name in docs.blocks_of(path.read_text())) == sorted(docs.BLOCKS)


def test_a_page_that_says_something_else_is_found_behind():
    text = page("outcomes.md")
    assert docs.filled(text.replace("`not_ended`", "`ended`")) == text
    with pytest.raises(KeyError, match="nobody"):
        docs.filled("<!-- made: nobody -->\n<!-- end -->")


def test_rule_names_outcomes_states_and_settings_are_documented():
    assert page("rules.md") == document.page(), "run: python -m textback_pbx.decision.document > docs/rules.md"
    assert attempt.diagram() in page("outbox.md")
    wanted = {
        "rules.md": [rule.name for rule in (*rules.RULES, *nudge.RULES)],
        "outcomes.md": [*Outcome, *LegClass],
        "outbox.md": list(attempt.State),
        "health.md": [problem.value for problem in WORDS],
        "settings.md": [key.rpartition(".")[2] for key in KEYS],
    }
    for name, words in wanted.items():
        text = page(name)
        assert words
        assert not [word for word in words if f"| `{word}` |" not in text], name


def test_every_command_is_documented_with_its_help_and_an_example():
    text = page("commands.md")
    for words, command in TREE.items():
        name = " ".join(words)
        assert re.search(rf"^#+ {name}$", text, re.MULTILINE), name
        if not hasattr(command, "commands"):
            example = docs_commands.parts_of_help(command.help or "")[1]
            assert f"textback-pbx {name}" in example, f"{name}: its help has no example of itself"
            silent = [p.name for p in command.params if not getattr(p, "help", None)]
            assert set(silent) <= set(docs_commands._USUAL), f"{name}: no help for {silent}"


def test_every_component_of_the_health_board_is_documented():
    noted = re.compile(r'(?:board\.note\(|component: str = )\s*"(\w+)"')
    components = {found for path in CODE for found in noted.findall(path.read_text(encoding="utf-8"))}
    assert {"ami", "modem", "clock", "disk", "consent", "outbox"} <= components
    text = page("health.md")
    assert not [name for name in components if f"| `{name}` |" not in text]


def test_words_for_settings_are_for_settings_that_exist():
    assert set(docs_settings.SAYS) <= set(KEYS)


# commands and keys named anywhere --------------------------------------------------------------------------------


def spans(text: str) -> list[str]:
    """What a text shows as code: indented and fenced lines, and what stands between backticks."""
    lines = re.findall(r"^ {4}(.*)$", text, re.MULTILINE)
    blocks = re.findall(r"^```.*?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    fenced = [line for block in blocks for line in block.splitlines()]
    return [*lines, *fenced, *re.findall(r"`([^`\n]+)`", re.sub(r"^(```| {4}).*$", "", text, flags=re.MULTILINE))]


def problem_of(call: str) -> str | None:
    """What is wrong with a command as quoted (without ``textback-pbx``), or ``None``."""
    try:
        words = shlex.split(re.split(r" [|>&;]|\)$", call)[0], comments=True)
    except ValueError:
        words = call.split()
    path: tuple[str, ...] = ()
    while words and (*path, words[0]) in TREE:
        path = (*path, words.pop(0))
    if not path:
        return None if not words or words[0] in ("--help", "--install-completion") else f"no command {words[0]}"
    command = TREE[path]
    options = [word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    unknown = [option for option in options if option not in docs_commands.options_of(command)]
    if hasattr(command, "commands") and words and re.match(r"[a-z]", words[0]):
        return f"no command {' '.join(path)} {words[0]}"
    return f"{' '.join(path)} takes no {unknown}" if unknown else None


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_every_command_that_is_quoted_exists(path):
    text = path.read_text(encoding="utf-8")
    quoted = [found for span in spans(text) for found in re.findall(r"(?:^|[\s(]|bin/)textback-pbx +([a-z-].*)", span)]
    assert not [f"{call}: {why}" for call in quoted if (why := problem_of(call))]


def test_a_wrong_command_is_found():
    assert problem_of("outbox list --state unknown  # those") is None
    assert problem_of("outbx list") == "no command outbx"
    assert problem_of("outbox lst") == "no command outbox lst"
    assert problem_of("outbox list --colour red") == "outbox list takes no ['--colour']"


@pytest.mark.parametrize("path", DATA, ids=name_of)
def test_a_message_names_only_commands_that_exist(path):
    groups = "|".join(words[0] for words, command in TREE.items() if hasattr(command, "commands") and len(words) == 1)
    named = re.findall(rf"textback-pbx ({groups}) ([a-z][a-z-]*)", path.read_text(encoding="utf-8"))
    assert not [pair for pair in named if pair not in TREE and pair not in _NO_COMMAND]


#: What the ledger's hash begins with.
_NO_COMMAND = {("consent", "entry")}


def test_a_setting_that_is_named_exists():
    sections = {key.partition(".")[0] for key in KEYS if "." in key}
    texts = {name_of(path): " ".join(spans(path.read_text(encoding="utf-8"))) for path in TEXTS}
    texts["the modem's words"] = " ".join(words.do for words in WORDS.values())
    for name, text in texts.items():
        named = re.findall(r"(?<![\w./])([a-z_]+\.[a-z_]+)(?![\w./(])", text)
        wrong = [
            key for key in named if key.partition(".")[0] in sections and key not in KEYS and not key.endswith(_FILES)
        ]
        assert not wrong, f"{name} names settings that do not exist: {wrong}"


_FILES = (".py", ".toml", ".md", ".conf", ".service", ".sock")


# links, and what must not be there -------------------------------------------------------------------------------


def anchors(path: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_every_relative_link_leads_somewhere(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        aim = (path.parent / file).resolve() if file else path
        assert aim.is_relative_to(ROOT), f"{target} leads out of the project"
        assert aim.exists(), f"{target} leads nowhere"
        assert not anchor or anchor in anchors(aim), f"{target}: no such heading"


def test_every_page_is_in_the_index():
    index = page("README.md")
    assert not [path.name for path in PAGES if path.name != "README.md" and f"({path.name})" not in index]


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_no_page_names_a_machine_or_a_registry(path):
    text = path.read_text(encoding="utf-8")
    assert not NO_MACHINE.findall(text)
    assert not NO_REGISTRY.findall(text)


# the fault catalogue ---------------------------------------------------------------------------------------------

#: Tests that do not run the agent, or do not run everywhere, prove no row.
NO_PROOF = ("testing", "asterisk")


def faults_named(path: Path) -> set[int]:
    """The numbers in a test file's ``pytest.mark.fault(...)``."""
    found: set[int] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.fault":
            assert node.args, f"{name_of(path)}:{node.lineno}: a fault mark without a number"
            found |= {ast.literal_eval(argument) for argument in node.args}
    return found


TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
CATALOGUE = {
    int(number): state for number, state in re.findall(r"^\| (\d+) \|.*\| ([^|]+) \|$", page("faults.md"), re.MULTILINE)
}


def test_the_catalogue_is_whole_and_no_test_names_a_row_that_is_not_there():
    assert list(CATALOGUE) == list(range(1, 50))
    assert not [state for state in CATALOGUE.values() if not re.fullmatch(r"tried|not yet|in part: \S.+", state)]
    for path in TESTS:
        assert faults_named(path) <= set(CATALOGUE), name_of(path)


@pytest.mark.parametrize("number", CATALOGUE)
def test_a_row_is_tried_exactly_when_a_test_names_it(number):
    proofs = [path for path in TESTS if path.relative_to(ROOT / "tests").parts[0] not in NO_PROOF]
    tested = [name_of(path) for path in proofs if number in faults_named(path)]
    if CATALOGUE[number] == "not yet":
        assert not tested, f"row {number} says 'not yet', and is named in {tested}: say 'tried' in docs/faults.md"
    else:
        assert tested, f"row {number} says '{CATALOGUE[number]}', and no test names it"


def test_the_manual_page_is_the_command_lines():
    assert docs_man.PAGE.read_text() == docs_man.page(), "run: python -m tests.docs --write"


@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff here to read the manual page")
def test_the_manual_page_has_no_mistake_troff_knows():
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z", str(docs_man.PAGE)], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
