"""``python -m textback_pbx`` is the command ``textback-pbx``."""

from textback_pbx.cli import main

if __name__ == "__main__":
    main()
