"""Make the cards of points (``make weights``): ``python -m tests.weighing [--check] [opt_outs] [asked]``.

``--check`` makes none: it holds a part of the texts back in turn and prints how those are read.
"""

import sys

from tests.weighing import asked, opt_outs
from tests.weighing.learn import written

FOLDS = 4

if __name__ == "__main__":
    for name, of in (("opt_outs", opt_outs), ("asked", asked)):
        if {"opt_outs", "asked"} & set(sys.argv) - {name} and name not in sys.argv:
            continue
        texts = of.cases()
        if "--check" in sys.argv:
            print(f"{name}: {len(texts)} texts")
            of.check(texts, FOLDS)
            continue
        of.CARD.parent.mkdir(exist_ok=True)
        title = f"Points in hundredths, made by `make weights` from {len(texts)} labelled texts ({of.made_of(texts)})."
        of.CARD.write_text(written(of.card(texts), title), encoding="utf-8")
        print(f"{of.CARD.name}: {len(texts)} texts, {of.CARD.stat().st_size // 1024} kB")
