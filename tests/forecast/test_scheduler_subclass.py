"""Scripts around MLSchedulerExtension: subclasses that override its steps, and a loop that does not run."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.trading_day import require_session
from magic8_ml import MLSchedulerExtension
from tests.forecast.plugin_fakes import FULL_DAY, FakeHost, FakeModel, day_bars, extension, moment


class LooplessHost(FakeHost):
    """A host whose provider's loop does not run."""

    def observing(self, symbol: str) -> Future[MarketState]:
        raise DataUnavailable("wrong_loop", "the event loop that owns the provider does not run")


def test_a_loop_that_does_not_run_is_a_reason_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """No symbol waits for the loop; the log has the sentence and the result its reason."""
    result = extension(LooplessHost(moment("10:35:05"))).run_ml_prediction()
    assert result is not None
    assert result.skipped == {"SPX": "wrong_loop", "SPY": "wrong_loop"}
    assert "SPX is not observed: the event loop that owns the provider does not run" in caplog.messages


class OwnData(MLSchedulerExtension):
    """A subclass that refuses slots before 10:40 and fills the caches itself."""

    def should_run_prediction(self) -> bool:
        if self._host.clock.now() < moment("10:40"):
            return False
        return super().should_run_prediction()

    def update_market_data(self) -> None:
        session = require_session(FULL_DAY)
        self.vix_data_cache = day_bars(session, level=16.0).known_at(moment("10:40")).frame()
        self.bar_data_cache["SPX"] = day_bars(session).known_at(moment("10:40")).frame()


def test_overridden_methods_take_effect() -> None:
    """A subclass refuses a slot by ``should_run_prediction``, and ``update_market_data`` replaces the fetching."""
    early, later = FakeHost(moment("10:35:05"), symbols=["SPX"]), FakeHost(moment("10:40:05"), symbols=["SPX"])
    refused = OwnData(host=early, ml_system=FakeModel())
    assert refused.run_ml_prediction() is None
    assert refused.last_skip_reason == "should_run_prediction"
    model = FakeModel()
    assert OwnData(host=later, ml_system=model).run_ml_prediction() is not None
    assert [len(call["bar_data"]) for call in model.calls] == [14]
