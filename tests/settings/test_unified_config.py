"""Settings: sources, aliases, and one message for all mistakes."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path

import pytest

from magic8_companion.domain.errors import ConfigError
from magic8_companion.settings.sources import ALIASES, RETIRED
from magic8_companion.unified_config import Settings, env_example, load_settings, setting_names

ROOT = Path(__file__).resolve().parents[2]


def test_defaults_are_those_of_the_contract(tmp_path: Path) -> None:
    """Without any source the built-in defaults hold."""
    settings = load_settings({}, root=tmp_path)
    assert settings.market_data_provider == "simulated"
    assert settings.supported_symbols == ("SPX", "SPY")
    assert settings.checkpoint_times == (time(10, 30), time(11), time(12, 30), time(14, 45))
    assert (settings.ml_weight, settings.min_recommendation_score, settings.medium_score) == (0.35, 65.0, 35.0)
    assert not settings.enable_ml_integration
    assert settings.run_output_dir == (tmp_path / "data" / "simulated").absolute()
    assert settings.kill_switch == (tmp_path / "data" / "KILL").absolute()


def test_environment_beats_dotenv_beats_default(tmp_path: Path) -> None:
    """The process environment wins over .env, which wins over the default; comments and case do not matter."""
    (tmp_path / ".env").write_text("m8c_ml_weight=0.20  # careful\nM8C_IB_PORT=4002\nM8C_LOG_FILE_PATH=\n")
    settings = load_settings({"M8C_ML_WEIGHT": "0.25"}, root=tmp_path)
    assert settings.ml_weight == 0.25
    assert settings.ib_port == 4002
    assert settings.log_file_path is None


def test_command_line_overrides_everything(tmp_path: Path) -> None:
    """Overrides of the command line win over environment and .env."""
    settings = load_settings(
        {"M8C_SYMBOLS": "NDX"}, {"supported_symbols": "spy,spxw,SPY", "replay_date": "2025-04-09"}, root=tmp_path
    )
    assert settings.supported_symbols == ("SPY", "SPX")
    assert settings.replay_date == date(2025, 4, 9)


@pytest.mark.parametrize("alias", ALIASES)
def test_older_names_still_work(alias: str, tmp_path: Path) -> None:
    """Each older name sets the setting that replaced it."""
    value = {"M8C_SYMBOLS": "QQQ", "M8C_DATA_PROVIDER": "ib", "ML_PATH": "models", "ML_CONFIDENCE_THRESHOLD": "0.7"}[
        alias
    ]
    changed = load_settings({alias: value}, root=tmp_path)
    same = load_settings({ALIASES[alias]: value}, root=tmp_path)
    assert changed == same != load_settings({}, root=tmp_path)


def test_an_alias_that_contradicts_its_setting_stops_the_start(tmp_path: Path) -> None:
    """The same setting given twice with different values is a mistake, with equal values it is not."""
    assert load_settings({"M8C_SYMBOLS": "SPY", "M8C_SUPPORTED_SYMBOLS": "SPY "}, root=tmp_path)
    with pytest.raises(ConfigError, match="same setting"):
        load_settings({"M8C_SYMBOLS": "SPY", "M8C_SUPPORTED_SYMBOLS": "QQQ"}, root=tmp_path)


def test_a_name_that_stands_twice_in_dotenv_stops_the_start(tmp_path: Path) -> None:
    """Two lines of one name, in whatever case, never let the last one win in silence."""
    (tmp_path / ".env").write_text("M8C_ML_WEIGHT=0.2\nm8c_ml_weight=0.4\n")
    with pytest.raises(ConfigError, match="M8C_ML_WEIGHT and m8c_ml_weight are the same setting"):
        load_settings({}, root=tmp_path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"M8C_ML_WEIGHT\n", "line 1 of .* is not of the form NAME=VALUE"),
        (b"M8C_IB_PORT=4002\n= what\n", "line 2 of .* is not of the form NAME=VALUE"),
        (b"M8C_IB_PORT=4002 # caf\xe9\n", "save it as text in UTF-8"),
    ],
)
def test_a_dotenv_that_cannot_be_understood_stops_the_start(content: bytes, sentence: str, tmp_path: Path) -> None:
    """A line that says nothing and a file in another encoding are mistakes, not something to pass over."""
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(ConfigError, match=sentence):
        load_settings({}, root=tmp_path)


def test_dotenv_may_be_written_by_any_editor(tmp_path: Path) -> None:
    """A byte-order mark, Windows line ends, export, quotes and comments change nothing."""
    lines = ('export M8C_SYMBOLS="spy, qqq"  # two', 'M8C_CHECKPOINT_TIMES=["10:00", "15:00"] # json', "", "OTHER=1")
    (tmp_path / ".env").write_text("\ufeff" + "\r\n".join(lines), encoding="utf-8", newline="")
    settings = load_settings({}, root=tmp_path)
    assert settings.supported_symbols == ("SPY", "QQQ")
    assert settings.checkpoint_times == (time(10), time(15))


def test_settings_without_values_are_those_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script that calls ``Settings()`` gets what .env and environment say, never the bare defaults."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("M8C_SYSTEM_COMPLEXITY", "Enhanced")
    (tmp_path / ".env").write_text("M8C_ML_WEIGHT=0.2\n")
    assert Settings() == load_settings()
    assert (Settings().get_scorer_mode(), Settings().ml_weight) == ("enhanced", 0.2)


def test_a_wrong_secret_is_not_repeated(tmp_path: Path) -> None:
    """The message about a webhook that is no https address does not show it."""
    with pytest.raises(ConfigError, match="M8C_DISCORD_WEBHOOK") as caught:
        load_settings({"M8C_DISCORD_WEBHOOK": "http://host/token"}, root=tmp_path)
    assert "token" not in str(caught.value)


def test_one_message_lists_every_mistake_and_the_nearest_name(tmp_path: Path) -> None:
    """Unknown names, retired names and bad values of all sources stand in one message."""
    (tmp_path / ".env").write_text("M8C_ML_WIEGHT=0.3\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(
            {
                "M8C_IB_PORT": "0",
                "M8C_MOCK_SEED": "1",
                "M8C_SYMBOLS": "SPX,VIX",
                "M8C_CHECKPOINT_TIMES": "10:30,09:00",
                "M8C_GAMMA_REGIME_THRESHOLDS": '{"extreme": 0.1}',
                "M8C_DISCORD_WEBHOOK": "http://plain",
                "M8C_HEARTBEAT_SECONDS": "31",
                "M8C_MEDIUM_SCORE": "70",
                "M8C_MARKET_DATA_PROVIDER": "replay",
            },
            root=tmp_path,
        )
    text = str(caught.value)
    assert len(caught.value.problems) == 10
    for part in ("did you mean M8C_ML_WEIGHT?", "M8C_IB_PORT", "M8C_SIMULATED_SEED", "the VIX is an input", "09:00"):
        assert part in text
    assert "extreme, high, moderate" in text
    assert "https://" in text


@pytest.mark.parametrize("pattern", RETIRED)
def test_a_retired_name_says_what_replaces_it(pattern: str, tmp_path: Path) -> None:
    """Each setting of the predecessor that is gone stops the start and names its successor."""
    name = "M8C_" + pattern.replace("*", "SOMETHING")
    with pytest.raises(ConfigError, match="is retired; use"):
        load_settings({name: "1"}, root=tmp_path)


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"M8C_MEDIUM_SCORE": "70"}, "must be below"),
        ({"M8C_HEARTBEAT_SECONDS": "0"}, "1"),
        ({"M8C_HEARTBEAT_SECONDS": "31"}, "30"),
        ({"M8C_CHECKPOINT_TIMES": "10:30:30"}, "HH:MM"),
        ({"M8C_CHECKPOINT_TIMES": "9:35"}, "HH:MM"),
        ({"M8C_CHECKPOINT_TIMES": '["10:30"'}, "no JSON"),
        ({"M8C_REPLAY_DATE": "09.04.2025"}, "YYYY-MM-DD"),
        ({"M8C_GAMMA_REGIME_THRESHOLDS": '{"extreme": true, "high": 0.3, "moderate": 0.1}'}, "must be numbers"),
        ({"M8C_OUTPUT_FILE_PATH": "/elsewhere/recommendations.json"}, "inside M8C_OUTPUT_DIR"),
        ({"M8C_OUTPUT_FILE_PATH": "data/../recommendations.json"}, "inside M8C_OUTPUT_DIR"),
        ({"M8C_OUTPUT_FILE_PATH": "data/ml_predictions_5min.json"}, "of its own"),
        ({"M8C_MAGIC8_PATH": "/srv"}, "did you mean MAGIC8_PATH"),
        ({"M8C_MARKET_DATA_PROVIDER": "file"}, "M8C_REPLAY_PATH"),
        ({"M8C_ML_5MIN_INTERVAL": "7"}, "5, 10, 15, 30"),
        ({"M8C_REPLAY_SPEED": "-1"}, "M8C_REPLAY_SPEED"),
        ({"M8C_ML_RETRAIN_BARS_DIR": "bars"}, "needed together"),
    ],
)
def test_settings_must_agree_with_each_other(environment: dict[str, str], sentence: str, tmp_path: Path) -> None:
    """A value that is fine alone but wrong beside another one is a mistake."""
    with pytest.raises(ConfigError, match=sentence):
        load_settings(environment, root=tmp_path)


def test_env_example_holds_every_setting() -> None:
    """The committed .env.example is what the settings say of themselves."""
    text = (ROOT / ".env.example").read_text()
    assert text == env_example()
    assert all(f"#{name}=" in text for name in setting_names())


def test_the_example_is_valid(tmp_path: Path) -> None:
    """Uncommenting every line of .env.example gives the defaults."""
    lines = [line.removeprefix("#") for line in env_example().splitlines() if not line.startswith("# ")]
    lines = [line for line in lines if not line.startswith("MAGIC8_PATH")]
    (tmp_path / ".env").write_text("\n".join(lines))
    assert load_settings({}, root=tmp_path) == load_settings({}, root=tmp_path / "nothing").model_copy(
        update={"magic8_path": tmp_path}
    )


def test_a_keyword_of_settings_wins_over_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other settings keep what environment and .env say; a wrong keyword is one of the mistakes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("M8C_ML_WEIGHT=0.2\nM8C_IB_PORT=4002\n")
    settings = Settings(ml_weight=0.3)
    assert (settings.ml_weight, settings.ib_port) == (0.3, 4002)
    with pytest.raises(ConfigError, match="ml_wieght is not a setting"):
        Settings(ml_wieght=0.3)


def test_the_example_marks_what_hardly_anyone_needs() -> None:
    """Which broker, which symbols and where files go are not advanced; times-out and seeds are."""
    comments = dict(zip(setting_names(), env_example().splitlines()[3::2], strict=True))
    advanced = {name for name, comment in comments.items() if comment.startswith("# [advanced] ")}
    everyday = {"M8C_MARKET_DATA_PROVIDER", "M8C_SUPPORTED_SYMBOLS", "M8C_OUTPUT_DIR", "M8C_IB_PORT", "M8C_ML_PATH"}
    assert not everyday & advanced
    assert {"M8C_IB_REQUEST_TIMEOUT", "M8C_SIMULATED_SEED", "M8C_GAMMA_REGIME_THRESHOLDS"} <= advanced


def test_every_setting_is_explained_in_a_sentence() -> None:
    """Each line of the example above a setting begins with a capital letter and ends with a full stop."""
    for comment in env_example().splitlines()[3::2]:
        text = comment.removeprefix("# ").removeprefix("[advanced] ")
        assert text[0].isupper(), comment
        assert text.endswith("."), comment


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("M8C_MAX_POSITION_LOSS", "500"),
        ("M8C_MAX_DAILY_LOSS", "1000"),
        ("M8C_DISCORD_WEBHOOK", "https://host/token"),
    ],
)
@pytest.mark.parametrize("source", ["environment", "dotenv"])
def test_a_setting_that_protects_nobody_stops_the_start(name: str, text: str, source: str, tmp_path: Path) -> None:
    """A loss limit or a webhook that nothing acts on is refused with a sentence, and a secret is not shown."""
    if source == "dotenv":
        (tmp_path / ".env").write_text(f"{name}={text}\n")
    with pytest.raises(ConfigError, match=f"{name}.*nothing acts on this setting yet") as caught:
        load_settings({name: text} if source == "environment" else {}, root=tmp_path)
    assert "token" not in str(caught.value)


def test_the_defaults_of_settings_that_do_nothing_are_accepted(tmp_path: Path) -> None:
    """A value that equals the default promises nothing new."""
    given = {"M8C_MAX_POSITION_LOSS": "2000", "M8C_MAX_DAILY_LOSS": "5000.0", "M8C_DISCORD_WEBHOOK": ""}
    assert load_settings(given, root=tmp_path).max_daily_loss == 5000


def test_practice_has_a_folder_and_a_pace_of_its_own(tmp_path: Path) -> None:
    """At speed max a bot could not follow, so practice plays at 30; a given speed stays."""
    settings = load_settings({"M8C_PRACTICE": "true"}, root=tmp_path)
    assert settings.run_output_dir == (tmp_path / "data" / "practice").absolute()
    assert settings.virtual_speed == 30
    assert load_settings({"M8C_PRACTICE": "1", "M8C_REPLAY_SPEED": "2"}, root=tmp_path).virtual_speed == 2
    assert load_settings({}, root=tmp_path).virtual_speed is None


@pytest.mark.parametrize("provider", ["ib", "yahoo", "replay"])
def test_practice_is_refused_for_other_providers(provider: str, tmp_path: Path) -> None:
    """Only a simulated day can be practiced on."""
    with pytest.raises(ConfigError, match="M8C_PRACTICE"):
        load_settings(
            {"M8C_PRACTICE": "true", "M8C_MARKET_DATA_PROVIDER": provider, "M8C_REPLAY_PATH": "x"}, root=tmp_path
        )
