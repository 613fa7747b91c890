"""Fill a template of a package: text and control characters are escaped, and a missing value is an error."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from magic8_companion.outside_files.printable import printable
from magic8_companion.reports import numbers

_SHARED: Final = "magic8_companion.reports"


def render(package: str, template: str, **values: object) -> str:
    """Return the page that ``template`` of ``package`` gives; shared templates are found for every package.

    >>> "R &amp; D" in render("magic8_companion.reports", "base.html", title="R & D")
    True
    """
    return _environment(package).get_template(template).render(values)


@lru_cache(maxsize=8)
def _environment(package: str) -> Environment:
    found = Environment(
        loader=ChoiceLoader([PackageLoader(name) for name in dict.fromkeys((package, _SHARED))]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(
        billions=numbers.billions,
        count=numbers.count,
        number=numbers.number,
        p_value=numbers.p_value,
        percent=numbers.percent,
        plain=numbers.plain,
        price=numbers.price,
        words=numbers.words,
    )
    return found


def _shown(value: object) -> object:
    if type(value) is str:  # markup is a class of its own, and made here
        return printable(value, lines=True)
    return numbers.UNKNOWN if value is None else value
