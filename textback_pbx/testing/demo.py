"""The demo: a simulated PBX and a simulated modem as processes, the real agent between them, a short morning of calls.

What is printed is read from the agent's own database and from the handsets, not from what the demo asked for. It
fails (and says where) when one scene did not go as it must, when a text went out twice, or when time runs out.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from textback_pbx.config import DAYS
from textback_pbx.testing import demo_timeline
from textback_pbx.testing.demo_judge import look, problems
from textback_pbx.testing.demo_morning import CONFIG, DELAY_S, MORNING, OFFICE, Scene
from textback_pbx.testing.modem_client import ModemControl

_BOUND_S = 55.0
_STOP_S = 15.0


@asynccontextmanager
async def _program(*arguments: str, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run one of our programs beside us; it ends with the block, by its own id."""
    with log.open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *arguments, stdout=asyncio.subprocess.PIPE, stderr=sink, env=_environment()
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _STOP_S)
        if process.returncode is None:
            process.kill()
            await process.wait()


def _environment() -> dict[str, str]:
    """Return our environment without settings that would change the demo's."""
    return {key: value for key, value in os.environ.items() if not key.startswith("TEXTBACK_PBX")}


class Pbx:
    """The control channel of the simulated PBX."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._next = 0

    async def serve(self) -> None:
        """Hand each answer to whoever asked."""
        while line := await self._reader.readline():
            answer = json.loads(line)
            future = self._answers.pop(answer["id"])
            if answer["ok"]:
                future.set_result(answer["result"])
            else:
                future.set_exception(RuntimeError(answer["error"]))

    async def ask(self, do: str, **parameters: Any) -> Any:
        """Ask for one thing and wait until it is done."""
        self._next += 1
        future = self._answers[self._next] = asyncio.get_running_loop().create_future()
        self._writer.write(json.dumps({"do": do, "id": self._next, **parameters}).encode() + b"\n")
        await self._writer.drain()
        return await future


class Demo:
    """One run in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.toml"
        self.database = folder / "textback.sqlite"
        self.log = folder / "agent.log"

    async def run(self, *, keep: bool) -> list[str]:
        """Play the morning; return what did not go as it must."""
        started = time.monotonic()
        async with AsyncExitStack() as stack:
            group = await stack.enter_async_context(asyncio.TaskGroup())
            pbx, modem = await self._start(stack, group)
            try:
                async with asyncio.timeout(_BOUND_S):
                    await self._play(pbx, modem)
            except TimeoutError:
                pass  # what is missing is named below
            seen = await look(self.database, modem)
            demo_timeline.show(seen, MORNING)
            found = problems(seen, MORNING)
            sentence = await self._command("report", "--today", "--sentence")
            demo_timeline.close(sentence.strip(), MORNING, found, time.monotonic() - started)
            if keep:
                demo_timeline.invite(self.config, self.folder)
                await asyncio.Event().wait()
            self._serving.cancel()
        return found

    async def _start(self, stack: AsyncExitStack, group: asyncio.TaskGroup) -> tuple[Pbx, ModemControl]:
        """Start the two simulators, give the office its policy and consents, start the agent, wait until it works."""
        link, pbx_socket, modem_socket = (self.folder / name for name in ("modem", "pbx.ctl", "modem.ctl"))
        pbx_process = await stack.enter_async_context(
            _program("textback_pbx.testing.asterisk", "--port", "0", "--control", str(pbx_socket), log=self.log)
        )
        modem_arguments = ("--link", str(link), "--control", str(modem_socket), "--radio", "0.3", "--report", "0.5")
        modem_process = await stack.enter_async_context(
            _program("textback_pbx.testing.modem", *modem_arguments, log=self.log)
        )
        assert pbx_process.stdout is not None
        assert modem_process.stdout is not None
        ready = (await pbx_process.stdout.readline()).decode()
        await modem_process.stdout.readline()
        await self._prepare(link, ready.split()[2].rpartition(":")[2])
        pbx = Pbx(*await asyncio.open_unix_connection(str(pbx_socket)))
        self._serving = group.create_task(pbx.serve())
        modem = await stack.enter_async_context(await ModemControl.connect(str(modem_socket)))
        await stack.enter_async_context(_program("textback_pbx", "run", "--config", str(self.config), log=self.log))
        await pbx.ask("wait_login", timeout=20)
        return pbx, modem

    async def _prepare(self, link: Path, ami_port: str) -> None:
        """Write the configuration; choose the policy and import consents as an office would, by the commands."""
        hours = "\n".join(f'{day} = ["00:00-24:00"]' for day in DAYS)
        values = {"office": OFFICE, "hours": hours, "ami_port": ami_port, "modem": link, "database": self.database}
        self.config.write_text(CONFIG.format(**values, delay=DELAY_S))
        await self._command("consent", "policy", "choose", "recorded", "--actor", "the owner", "--yes")
        for scene in MORNING:
            if scene.consent and not scene.withheld:
                evidence = "signed the service agreement"
                await self._command("consent", "grant", scene.caller, "--source", "paper form", "--evidence", evidence)

    async def _command(self, *arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "textback_pbx", *arguments, "--config", str(self.config)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=_environment(),
        )
        output, _ = await process.communicate()
        if process.returncode != 0:
            raise RuntimeError(f"textback-pbx {' '.join(arguments)} failed:\n{output.decode()}")
        return output.decode()

    async def _play(self, pbx: Pbx, modem: ModemControl) -> None:
        async with asyncio.TaskGroup() as group:
            for scene in MORNING:
                group.create_task(self._scene(scene, pbx, modem))
        while problems(await look(self.database, modem), MORNING):  # noqa: ASYNC110 - another process is watched
            await asyncio.sleep(0.3)

    async def _scene(self, scene: Scene, pbx: Pbx, modem: ModemControl) -> None:
        begun = time.monotonic()
        for after, script, parameters in scene.calls:
            await asyncio.sleep(max(0.0, begun + after - time.monotonic()))
            await pbx.ask("call", script=script, caller=scene.caller, **parameters)
        if scene.reply:
            while not await modem.inbox(scene.caller):  # noqa: ASYNC110 - another process is watched
                await asyncio.sleep(0.2)
            await modem.inbound(scene.caller, scene.reply)


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for part in error.exceptions for leaf in _leaves(part)]
    return [error]


def main(*, keep: bool = False) -> int:
    """Run the demo; return the exit status."""
    with tempfile.TemporaryDirectory(prefix="textback-demo-") as name:
        demo = Demo(Path(name))
        try:
            found = asyncio.run(demo.run(keep=keep))
        except KeyboardInterrupt:
            return 0
        except (ExceptionGroup, RuntimeError, OSError) as error:
            found = [f"the demo could not run: {problem}" for problem in _leaves(error)]
            sys.stderr.write("\n".join(found) + "\n")
        if found and demo.log.exists():
            sys.stderr.write("The agent's log:\n" + demo.log.read_text(encoding="utf-8", errors="replace"))
    return 1 if found else 0
