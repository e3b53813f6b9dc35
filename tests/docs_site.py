"""The documentation as pages for a browser, in ``dist/docs`` by ``make docs``: no network, no script, one style."""

import re
import shutil
import sys
from pathlib import Path

import markdown

from tests import docs

ROOT = docs.ROOT
OUT = ROOT / "dist" / "docs"
SOURCES = (ROOT / "docs", ROOT / "asterisk", ROOT / "hardware")
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 58rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
table {{ border-collapse: collapse; font-size: 14px; }}
td, th {{ border: 1px solid #ccc; padding: .3rem .5rem; vertical-align: top; }}
code, pre {{ background: #f4f4f4; font-size: 14px; }} pre {{ padding: .6rem; overflow-x: auto; }}
nav {{ font-size: 14px; }}
</style>
<nav><a href="{up}README.html">textback-pbx</a> · <a href="{up}docs/README.html">documentation</a></nav>
{body}
</html>
"""


def build(out: Path = OUT) -> list[Path]:
    """Write every page and return them; a link to a Markdown file becomes one to its page."""
    shutil.rmtree(out, ignore_errors=True)
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
    pages += [page for folder in SOURCES for page in sorted(folder.rglob("*.md"))]
    return [_write(page, out) for page in pages]


def _write(page: Path, out: Path) -> Path:
    where = page.relative_to(ROOT)
    target = out / where.with_suffix(".html")
    target.parent.mkdir(parents=True, exist_ok=True)
    text = page.read_text(encoding="utf-8")
    title = next((line[2:] for line in text.splitlines() if line.startswith("# ")), where.stem)
    body = markdown.markdown(text, extensions=["tables", "fenced_code", "toc"])
    up = "../" * (len(where.parts) - 1)
    target.write_text(_PAGE.format(title=title, up=up, body=_links(body)), encoding="utf-8")
    return target


def _links(body: str) -> str:
    """Point links between Markdown files at their pages."""
    return re.sub(
        r'href="((?!https?:)[^"#]+)\.md(#[^"]*)?"', lambda found: f'href="{found[1]}.html{found[2] or ""}"', body
    )


if __name__ == "__main__":
    print(f"{len(build())} pages in {OUT.relative_to(ROOT)}")
    sys.exit(0)
