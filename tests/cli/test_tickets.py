"""The tickets command through the real entry point: what it prints is what the option room says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from magic8_companion.__main__ import main
from tests.real_data import real_data_dir

DAY = ("--symbol", "SPX", "--date", "2025-06-26", "--time", "12:30")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of one's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sheet(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    """Return what the command prints as JSON."""
    assert main(["tickets", *words, "--json", "-"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_a_calmer_view_ranks_by_what_it_earns(capsys: pytest.CaptureFixture[str]) -> None:
    """Ranks fall in executable value, the first is undominated, and each ticket is the best of its strategy."""
    found = sheet(capsys, *DAY, "--deviation", "0.85", "--top", "500")
    values = [row["expected_value"]["natural"] for row in found["ranked"]]
    assert values == sorted(values, reverse=True)
    assert min(values) > 0
    assert found["ranked"][0] in found["pareto"]
    for name, ticket in found["tickets"].items():
        best = next(row for row in found["ranked"] if row["strategy"] == name)
        assert (ticket["ticket"], ticket["max_loss"]) == (best["ticket"], best["max_loss"])
        assert ticket["expected_value"] == pytest.approx(best["expected_value"], abs=0.02)


def test_a_wilder_view_turns_butterflies_and_condors_round(capsys: pytest.CaptureFixture[str]) -> None:
    """A butterfly is sold, a condor bought: the command keeps to no score."""
    tickets = sheet(capsys, *DAY, "--deviation", "1.6")["tickets"]
    assert tickets["Iron_Condor"]["ticket"].startswith("BUY +1 Iron Condor SPX")
    assert tickets["Butterfly"]["expected_value"]["natural"] > 0


def test_the_grid_of_a_ticket_ends_in_its_bounds(capsys: pytest.CaptureFixture[str]) -> None:
    """Spot by volatility by time; at settlement volatility does not count, and profit keeps to the ticket's bounds."""
    ticket = sheet(capsys, *DAY)["tickets"]["Iron_Condor"]
    grid = ticket["scenarios"]
    assert grid["minutes_left"] == [210.0, 105.0, 0.0]
    ends = [[by_time[-1] for by_time in by_vol] for by_vol in grid["profit"]]
    assert all(len(set(end)) == 1 for end in ends)
    assert max(end[0] for end in ends) == ticket["max_profit"]
    assert -ticket["max_loss"] <= min(end[0] for end in ends) < 0


def test_the_expected_move_melts_as_the_day_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    """At 15:00 the chain of that time expects about what the chain of 12:30 said would be left."""
    noon = sheet(capsys, *DAY)
    later = list(noon["expected_move_later"].values())
    assert list(noon["expected_move_later"]) == ["13:00", "14:00", "15:00"]
    assert noon["expected_move"]["straddle"] > later[0] > later[1] > later[2]
    at_three = sheet(capsys, *DAY[:4], "--time", "15:00")["expected_move"]["straddle"]
    assert later[2] == pytest.approx(at_three, rel=0.25)


@pytest.mark.real_data
def test_the_recorded_chain_names_its_stale_put(capsys: pytest.CaptureFixture[str]) -> None:
    """2025-07-09: the 6265 put is in doubt, and the market's own odds choose tickets of customary shape."""
    file = real_data_dir() / "chains_0dte_ib_3snapshots.parquet"
    found = sheet(capsys, "--symbol", "SPX", "--date", "2025-07-09", "--chain-file", str(file))
    assert any(leg.startswith("6265 P quotes 21.05") for leg in found["stale"])
    assert {"right": "P", "strike": 6265.0, "flags": ["STALE"]} in found["doubtful"]
    assert all(ticket["ticket"] for ticket in found["tickets"].values())


@pytest.mark.parametrize("words", [("--deviation", "0"), ("--deviation", "nan"), ("--min-win", "2"), ("--top", "all")])
def test_a_number_out_of_its_range_is_refused(capsys: pytest.CaptureFixture[str], words: tuple[str, str]) -> None:
    """The sentence names the option and the range."""
    assert main(["tickets", *words]) == 2
    assert f"Invalid value for '{words[0]}': '{words[1]}' is not a number from" in capsys.readouterr().err


def test_people_get_lines_and_a_file_gets_everything(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The text has the order lines, at most 120 columns wide; the JSON file has them too."""
    assert main(["tickets", *DAY, "--json", "sheet.json"]) == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 120
    tickets = json.loads((elsewhere / "sheet.json").read_bytes())["tickets"]
    assert all(ticket["ticket"] in printed for ticket in tickets.values())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--symbol", "VIX"), "VIX: the simulated market has no options"),
        (("--date", "2025-07-04"), "the NYSE is shut"),
        (("--date", "2025-06-26", "--time", "15:59"), "quotes of SPX carry a volatility"),
        (("--chain-file", "nowhere.csv"), "nowhere.csv is not a file"),
        ((*DAY, "--json", "/dev/null/sheet.json"), "cannot be written"),
    ],
)
def test_what_cannot_be_ranked_is_said(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str) -> None:
    """Exit code 1 and one sentence."""
    assert main(["tickets", *words]) == 1
    printed = capsys.readouterr()
    assert said in printed.err
    assert (printed.err.count("\n"), printed.out) == (1, "")


def test_the_reason_of_a_ticket_does_not_contradict_its_expected_value(capsys: pytest.CaptureFixture[str]) -> None:
    """An expected value is printed, so the reason names the odds behind it; simulated data say so."""
    assert main(["tickets", "--provider", "simulated", *DAY]) == 0
    said = capsys.readouterr().out
    assert "no expected value" not in said
    assert "expected value under the market's own odds" in said
    assert "options are dear by construction" in said
