"""A chain with its checked quotes and its fitted smile: made once per observation, used by everything that prices."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from magic8_companion.domain.codes import ReasonCode
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.options.chain_quotes import ChainQuotes, clean_chain
from magic8_companion.options.smile import Smile, fit_smile

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedChain:
    """One chain, checked and fitted.

    ``quotes`` is None when the chain has no settlement to price to, ``smile`` when the quotes cannot be fitted.
    ``failure`` is the reason of the first of both.
    """

    chain: OptionChain
    quotes: ChainQuotes | None = None
    smile: Smile | None = None
    failure: DataUnavailable | None = None

    def require_quotes(self) -> ChainQuotes:
        """Return the quotes of a chain that can be priced; raises ``DataUnavailable`` with the reason otherwise."""
        if self.quotes is None:
            raise self._unavailable()
        self.quotes.require_priceable()
        return self.quotes

    def require_fit(self) -> tuple[ChainQuotes, Smile]:
        """Return quotes and smile; raises ``DataUnavailable`` with the reason when one is missing."""
        if self.quotes is None or self.smile is None:
            raise self._unavailable()
        return self.quotes, self.smile

    def _unavailable(self) -> DataUnavailable:
        # a new error each time: a raised one would collect the tracebacks of all who ask
        failure = self.failure
        return (
            DataUnavailable(ReasonCode.NO_QUOTES)
            if failure is None
            else DataUnavailable(failure.reason, failure.detail)
        )


def fit_chain(chain: OptionChain) -> FittedChain:
    """Check a chain's quotes and fit its smile; never raises, because scores do not depend on it."""
    quotes = None
    try:
        quotes = clean_chain(chain)
        return FittedChain(chain=chain, quotes=quotes, smile=fit_smile(quotes))
    except DataUnavailable as error:
        return FittedChain(chain=chain, quotes=quotes, failure=error)
    except Exception as error:  # noqa: BLE001  # it becomes the published reason: scores stand without tickets
        _log.exception("The chain of %s cannot be fitted", chain.symbol)
        return FittedChain(chain=chain, quotes=quotes, failure=DataUnavailable(f"exception:{type(error).__name__}"))
