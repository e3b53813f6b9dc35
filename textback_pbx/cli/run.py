"""``run``: the help of the command that starts the agent; :mod:`textback_pbx.service` reads its arguments itself."""

import typer

from textback_pbx.cli.common import ConfigOption

app = typer.Typer(add_completion=False)


@app.command()
def run(config: ConfigOption = None) -> None:
    """Run the agent in the foreground until SIGTERM; the log goes to standard error, one line an event.

    Exit status 3: the configuration or the database cannot be used, and starting again will not help.

    Example: textback-pbx run --config /etc/textback-pbx/config.toml
    """
    from textback_pbx.service import main

    raise typer.Exit(main([] if config is None else ["--config", str(config)]))
