"""Reports as self-contained pages: templates, charts and number formats for both packages.

- :mod:`~magic8_companion.reports.page`: fill a template; the result needs no script and no network;
- :mod:`~magic8_companion.reports.chart`: draw a chart as SVG;
- :mod:`~magic8_companion.reports.numbers`: format numbers.

A package keeps its own templates in a folder ``templates``.  They extend ``base.html`` and import the macros of
``parts.html``: card, table, figure, details, bullets.
"""
