"""The command: it prints what happens, ends cleanly, and its exit code tells whether rules were broken."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import pytest

from magic8_companion.testing.gateway import main
from tests.testing.tools import bars_of, ib_async, index, stock


async def started(*arguments: str) -> tuple[asyncio.subprocess.Process, int, asyncio.StreamReader]:
    """Return the process of a gateway, its port and its output, once it listens."""
    command = (sys.executable, "-m", "magic8_companion.testing.gateway", "--port", "0", *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    while not (line := (await process.stdout.readline()).decode()).startswith("gateway on"):
        assert line, "the gateway has ended"
    return process, int(line.split(";")[0].rsplit(":", 1)[1]), process.stdout


async def ended(process: asyncio.subprocess.Process, output: asyncio.StreamReader) -> tuple[int, str]:
    """Interrupt a gateway and return its exit code and what it has printed."""
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(10):
        printed = (await output.read()).decode()
        return await process.wait(), printed


async def test_a_gateway_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    """Requests, faults and the summary are printed, and a client that keeps the rules gives exit code 0."""
    scenario = tmp_path / "day.json"
    steps = [{"at": {"request": "historical_bars"}, "fault": "notice", "code": 2107}]
    scenario.write_text(json.dumps({"gateway": {"server_version": 176}, "steps": steps}))
    process, port, output = await started("--date", "2025-06-26", "--time", "10:31", "--scenario", str(scenario))
    client = await ib_async.IB().connectAsync("127.0.0.1", port, clientId=3)
    assert client.client.serverVersion() == 176
    assert len(await bars_of(client, index("SPX"))) == 13
    client.disconnect()
    code, printed = await ended(process, output)
    assert code == 0
    for part in ("10:31 ET", "<- historical_bars", "FAULT notice code=2107", "violations: 0", "historical_bars 1"):
        assert part in printed


async def test_a_broken_rule_changes_the_exit_code() -> None:
    """An order is refused, listed in the summary, and the command ends with 1."""
    process, port, output = await started("--date", "2025-06-26", "--speed", "60", "--quiet")
    client = await ib_async.IB().connectAsync("127.0.0.1", port, clientId=3)
    client.client.placeOrder(1, stock("SPY"), ib_async.MarketOrder("BUY", 1))
    await client.reqCurrentTimeAsync()
    client.disconnect()
    code, printed = await ended(process, output)
    assert code == 1
    assert "violations: 1" in printed
    assert "order: place_order" in printed
    assert "<-" not in printed


def test_wrong_settings_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong scenario or a missing folder gives exit code 2 and a sentence; a wrong option the usage."""
    scenario = tmp_path / "wrong.toml"
    scenario.write_text('[[steps]]\nat = "10:31"\nfault = "silense"\n')
    assert main(["--scenario", str(scenario)]) == 2
    assert "did you mean silence?" in capsys.readouterr().err
    assert main(["--data", str(tmp_path / "absent")]) == 2
    assert "does not exist" in capsys.readouterr().err
    assert main(["--speed", "0"]) == 2
