"""The embedded default: one command, a whole simulated day with ML, no account and no network."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import jsonschema
import orjson
import pytest

from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_companion.domain.trading_day import parse_utc
from magic8_companion.reader_kit import load
from tests.whole.runs import CHECKPOINT, FIVE_MINUTE, checkpoints, documents, environment, run, running
from tests.whole.sides import contradictions, entries

DAY = ("--date", "2025-06-26")
OFF = {"M8C_ENABLE_ML_INTEGRATION": "false", "M8C_ENABLE_ML_5MIN": "false"}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Play the default day once, with its one-off training, and return its folder."""
    folder = tmp_path_factory.mktemp("newcomer")
    done = run(folder, *DAY, "-v")
    assert done.returncode == 0, done.stderr
    assert "walk-forward distribution: " in done.stderr
    (folder / "printed.txt").write_text(done.stdout)
    return folder


def test_the_default_day_has_every_checkpoint_and_slot(simulated: Path) -> None:
    """Four checkpoints, 72 slots (76 less the four that coincide with a checkpoint), and a line for each decision."""
    output = simulated / "data" / "simulated"
    assert sorted(checkpoints(output)) == ["10:30 ET", "11:00 ET", "12:30 ET", "14:45 ET"]
    assert len(documents(output, FIVE_MINUTE)) == 72
    printed = (simulated / "printed.txt").read_text()
    assert len([line for line in printed.splitlines() if line[5:9] == " ET "]) == 8
    assert "not live" in printed
    assert "options are dear by construction" in printed
    assert ", all of it simulated" in " ".join(printed.split())
    table = printed.partition("simulated day 2025-06-26")[2].partition("HIGH at a checkpoint")[0]
    assert max(len(line) for line in table.splitlines()) <= 120


def test_the_ml_took_part_in_checkpoints_and_slots(simulated: Path) -> None:
    """Blended scores differ from the rules, and 5-minute signals carry direction and regime."""
    output = simulated / "data" / "simulated"
    entries = [
        (record["strategies"][name], record["ml_status"])
        for document in documents(output, CHECKPOINT)
        for record in document["recommendations"].values()
        for name in BASE_STRATEGIES
        if document["checkpoint_timestamp"]
    ]
    assert {status for _, status in entries} == {"ok"}
    assert any(entry["score"] != entry["rule_score"] for entry, _ in entries)
    slots = documents(output, FIVE_MINUTE)
    chosen = {name for s in slots for record in s["recommendations"].values() for name in record["strategies"]}
    assert len(set(BASE_STRATEGIES) & chosen) >= 2  # on a quiet day nobody buys a vertical


def test_every_archived_document_obeys_the_printed_schema(simulated: Path) -> None:
    """What the schema command prints is what all documents of the day obey, by an independent validator."""
    for kind in (CHECKPOINT, FIVE_MINUTE):
        printed = run(simulated, "schema", kind, module="magic8_companion")
        assert printed.returncode == 0, printed.stderr
        schema = orjson.loads(printed.stdout)
        validator = jsonschema.validators.validator_for(schema)(schema)
        for document in documents(simulated / "data" / "simulated", kind):
            validator.validate(document)


def test_no_archived_document_contradicts_itself_about_a_trade(simulated: Path) -> None:
    """Direction, side, ticket and chance to win of every entry are about one trade, in both files, all day."""
    output = simulated / "data" / "simulated"
    archived = [*documents(output, CHECKPOINT), *documents(output, FIVE_MINUTE)]
    assert [problem for document in archived for problem in contradictions(document)] == []
    kinds = [(key, "ticket" in entry) for document in archived for key, entry, _ in entries(document)]
    assert ("Vertical", True) in kinds  # of a checkpoint
    assert ("Vertical", False) in kinds  # of a slot


def test_the_file_is_never_silent_for_longer_than_five_minutes(simulated: Path) -> None:
    """From the first document to the close no two documents are more than 300 s apart, and seq rises by one."""
    published = documents(simulated / "data" / "simulated", CHECKPOINT)
    times = [parse_utc(document["timestamp"]) for document in published]
    assert max(later - earlier for earlier, later in pairwise(times)) <= timedelta(seconds=300)
    assert [document["seq"] for document in published] == list(range(1, len(published) + 1))


def test_nobody_may_trade_on_a_simulated_day(simulated: Path) -> None:
    """The reader kit refuses every simulated document, whatever it recommends."""
    output = simulated / "data" / "simulated"
    for path in (output / "recommendations_archive").glob("recommendations_*.json"):
        stamp = parse_utc(orjson.loads(path.read_bytes())["timestamp"])
        decision = load(path).is_actionable("SPX", "Sonar", now=stamp)
        assert not decision
        assert decision.reason in {"not_live", "halted", "expired"}


def test_the_log_carries_the_market_time(simulated: Path) -> None:
    """Records of the played day name its time as well as that of the machine."""
    lines = (simulated / "logs" / "magic8_companion.log").read_text().splitlines()
    (begun,) = [line for line in lines if "CHECKPOINT 11:00 ET" in line]
    assert re.match(r"[-\d]+ [:,\d]+ \[2025-06-26 11:00:0\d ET\] - magic8_companion\.engine\.pipeline - INFO - ", begun)


def test_a_second_run_of_a_day_says_what_it_does_to_the_first(simulated: Path) -> None:
    """Published files are replaced, the archive keeps both runs, and a folder without that day has no such line."""
    before = len(documents(simulated / "data" / "simulated", CHECKPOINT))
    words = (*DAY, "--output-dir", str(simulated / "data" / "simulated"), "--symbols", "SPX", "SPY")
    again = run(simulated, *words, **OFF, M8C_LOG_FORMAT="json")
    assert "2025-06-26 was played into" in again.stderr
    assert "appends its documents" in again.stderr
    assert len(documents(simulated / "data" / "simulated", CHECKPOINT)) > before
    records = [
        orjson.loads(line)
        for line in (simulated / "logs" / "magic8_companion.log").read_text().splitlines()
        if line.startswith("{")
    ]
    assert "2025-06-26T15:00:05Z" in {record.get("market_time") for record in records}


@pytest.mark.parametrize("switch", list(OFF))
def test_turning_one_switch_off_trains_nothing(switch: str, tmp_path: Path) -> None:
    """The named folder itself gets the files; no model is made for the other switch."""
    done = run(tmp_path, *DAY, "--output-dir", "here", **{switch: "false"})
    assert done.returncode == 0
    assert "First use" not in done.stderr
    assert not (tmp_path / "here" / "ml").exists()
    assert (tmp_path / "here" / "recommendations.json").exists()
    assert not (tmp_path / "data").exists()


def test_a_signal_ends_the_run_within_five_seconds_with_whole_files(tmp_path: Path) -> None:
    """SIGTERM in mid-session: exit 0, a last document with nothing tradable, no left-over temporary files."""
    with running(tmp_path, *DAY, "--speed", "600", "--symbols", "SPY", **OFF) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == 0
    output = tmp_path / "data" / "simulated"
    last = orjson.loads((output / "recommendations.json").read_bytes())
    assert last["halt_reason"] == "stopped"
    assert not any(e["should_trade"] for r in last["recommendations"].values() for e in r["strategies"].values())
    assert not [path for path in output.iterdir() if path.name.startswith(".") or path.suffix == ".tmp"]


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT])
def test_the_signals_of_a_terminal_end_the_run_as_sigterm_does(number: signal.Signals, tmp_path: Path) -> None:
    """A closed terminal leaves no approval behind: exit 0 and a last document that is stopped."""
    with running(tmp_path, *DAY, "--speed", "600", "--symbols", "SPY", **OFF) as process:
        process.send_signal(number)
        assert process.wait(timeout=5) == 0
    last = orjson.loads((tmp_path / "data" / "simulated" / "recommendations.json").read_bytes())
    assert last["halt_reason"] == "stopped"
    assert not any(e["should_trade"] for r in last["recommendations"].values() for e in r["strategies"].values())


def test_a_terminal_that_goes_away_ends_the_run_with_a_stopped_document(tmp_path: Path) -> None:
    """The terminal itself is closed, so that printing fails too, and the last document is stopped all the same."""
    screen, terminal = os.openpty()
    words = (*DAY, "--speed", "600", "--symbols", "SPY")
    with running(tmp_path, *words, before=("setsid", "--ctty"), terminal=terminal, **OFF) as process:
        os.close(terminal)
        os.close(screen)
        process.wait(timeout=5)
    last = orjson.loads((tmp_path / "data" / "simulated" / "recommendations.json").read_bytes())
    assert last["halt_reason"] == "stopped"


def test_under_nohup_a_closed_terminal_is_ignored(tmp_path: Path) -> None:
    """Who starts the host under nohup wants it to go on; SIGTERM still ends it."""
    published = tmp_path / "data" / "simulated" / "recommendations.json"
    words = (*DAY, "--speed", "600", "--symbols", "SPY")
    with running(tmp_path, *words, before=("nohup",), **OFF) as process:
        process.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        assert orjson.loads(published.read_bytes())["halt_reason"] is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == 0
    assert orjson.loads(published.read_bytes())["halt_reason"] == "stopped"


def test_an_interrupted_first_training_ends_quietly(tmp_path: Path) -> None:
    """Ctrl-C while the model of a first run is learnt: exit 0, one sentence, no file, no process left."""
    command = [sys.executable, "-m", "magic8_companion.unified_main", *DAY, "--symbols", "SPY"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment({}), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "First use" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=5)  # the training holds this pipe too: it has ended as well
    assert process.returncode == 0
    assert said.endswith("stopped before the day began\n")
    assert "Traceback" not in said
    assert "rules alone" not in said
    assert not list(tmp_path.rglob("recommendations.json"))


def test_a_second_host_names_the_first_and_leaves(tmp_path: Path) -> None:
    """Two hosts never share an output folder: the second exits with 3 and names the first one's process."""
    words = (*DAY, "--symbols", "SPY")
    with running(tmp_path, *words, "--speed", "600", **OFF) as first:
        second = run(tmp_path, *words, **OFF)
        assert second.returncode == 3
        assert f"process {first.pid}" in second.stderr


@pytest.mark.parametrize(
    ("words", "settings", "code", "sentence"),
    [
        ((), {"M8C_ML_WIEGHT": "1"}, 2, "did you mean M8C_ML_WEIGHT?"),
        (("--provider", "ibb"), {}, 2, "M8C_MARKET_DATA_PROVIDER"),
        (("--provider", "replay"), {}, 2, "M8C_REPLAY_PATH"),
        (("--provider", "replay", "--replay-dir", "nowhere"), {}, 2, "does not exist"),
        (("--date", "2025-12-25"), {}, 0, "exchange holiday"),
        (("--date", "2025-13-25"), {}, 2, "M8C_REPLAY_DATE"),
        (("--date", "2025-06-26", "--provider", "ib"), {}, 2, "provider ib is live"),
        (("--output-dir", "occupied"), {}, 2, "occupied"),
        (("--output-dir", "x"), {"M8C_LOG_FILE_PATH": "occupied/x.log"}, 2, "M8C_LOG_FILE_PATH"),
        (("--output-dir", "x"), {"M8C_LOG_FILE_PATH": "."}, 2, "M8C_LOG_FILE_PATH"),
        (("--output-dir", "full"), OFF, 1, "recommendations.json cannot be written"),
        (("--output-dir", "barred"), {}, 1, "bars cannot be written"),
    ],
)
def test_a_mistake_gives_one_clear_sentence(
    tmp_path: Path, words: tuple[str, ...], settings: dict[str, str], code: int, sentence: str
) -> None:
    """Each wrong start names what is wrong, without a traceback, and has its exit code."""
    (tmp_path / "occupied").write_text("a file where a folder should be")
    (tmp_path / "full" / "recommendations.json").mkdir(parents=True)
    (tmp_path / "barred").mkdir()
    (tmp_path / "barred" / "bars").write_text("a file where a folder should be")
    done = run(tmp_path, *words, **settings)
    assert done.returncode == code
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_the_callers_settings_do_not_leak_into_these_runs() -> None:
    """The environment of the runs holds no setting but those that a test gives."""
    assert not [name for name in environment({}) if name.startswith("M8C_")]
