"""Why a training is not done."""

from __future__ import annotations

from magic8_companion.domain.errors import Magic8Error


class TrainingRefused(Magic8Error):
    """The data cannot carry a model: nothing is written, and the sentence says what is missing."""


class NotFitted(TrainingRefused):
    """A numerical fit found no maximum: nothing is written, and the sentence names the fit and the cause."""

    def __init__(self, what: str, cause: str) -> None:
        self.what, self.cause = what, cause
        super().__init__(
            f"{what} did not converge: {cause}; check that both results occur and that the probabilities vary"
        )

    def __reduce__(self) -> tuple[type[NotFitted], tuple[str, str]]:
        """Return the two arguments: workers send their errors to the parent process."""
        return type(self), (self.what, self.cause)
