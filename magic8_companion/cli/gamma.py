"""``magic8 gamma --symbol SPX``: the gamma exposure of a chain, as JSON and as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from magic8_companion.cli.chain_source import JSON_HELP, ChainRequest, chain_options, load_chain
from magic8_companion.command_line import FILE, command, echo, json_bytes, write_file
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import SIMULATED_NOTE
from magic8_companion.domain.option_chain import OptionChain

if TYPE_CHECKING:  # --help must not load numpy
    from magic8_companion.reports.gamma_page import GammaReport
    from magic8_companion.unified_config import Settings


ABOUT: Final = """Show the gamma exposure of a chain: JSON and a picture, by default in the run's output folder.

Exit code 0: done.  1: no such chain, or a file cannot be written.  2: wrong options or settings.
"""


@command("gamma", ABOUT)
@chain_options
@click.option("--json", "json_path", metavar="[FILE]", type=FILE, is_flag=False, flag_value="-", help=JSON_HELP)
@click.option("--picture", "pictures", type=FILE, multiple=True, help="file of the picture: .html or .svg")
def gamma(json_path: Path | None, pictures: tuple[Path, ...], **chosen: Any) -> None:  # noqa: ANN401  # of ChainRequest
    """Write the gamma object of a chain and its picture."""
    from magic8_companion.reports.gamma_page import picture_of  # noqa: PLC0415  # after --help

    request = ChainRequest(**chosen)
    settings = request.settings()
    report = _report(load_chain(request, settings), settings)
    shown = report.as_dict()
    text = json_bytes(shown)
    if json_path == Path("-"):
        click.echo(text.decode(), nl=False)
        return
    if json_path is None and not pictures:
        name = f"{request.symbol}_{shown['as_of'].replace(':', '').replace('-', '')}"
        folder = settings.run_output_dir / "gamma"
        json_path, pictures = folder / f"{name}.json", (folder / f"{name}.html",)
    files = {path: picture_of(report, path.suffix.lower()) for path in pictures}
    if json_path is not None:
        files = {json_path: text, **files}
    for path, data in files.items():
        write_file(path, data)
    notes = [SIMULATED_NOTE] if report.is_simulated else []
    echo("\n".join([_sentence(shown), *notes, *(f"written: {path}" for path in files)]))


def _report(chain: OptionChain, settings: Settings) -> GammaReport:
    from magic8_companion.analysis.gamma import gamma_profile  # noqa: PLC0415  # after --help
    from magic8_companion.domain.trading_day import require_session  # noqa: PLC0415  # after --help
    from magic8_companion.options.fitted_chain import fit_chain  # noqa: PLC0415  # after --help
    from magic8_companion.reports.gamma_page import GammaReport  # noqa: PLC0415  # after --help

    minutes = require_session(chain.expiry).minutes_to_close(chain.as_of)
    profile = gamma_profile(fit_chain(chain), minutes, settings.gamma_regime_thresholds)
    if profile is None:
        raise DataUnavailable("no_open_interest", f"no option of {chain.symbol} has open interest and a volatility")
    return GammaReport(
        symbol=chain.symbol,
        spot=chain.spot,
        source=chain.source,
        minutes_to_close=round(minutes, 2),
        profile=profile,
    )


def _sentence(shown: dict[str, Any]) -> str:
    flip = "no flip within 3 %" if shown["gamma_flip"] is None else f"flip {shown['gamma_flip']:.2f}"
    walls = f"walls {shown['put_wall'] or 'none'} / {shown['call_wall'] or 'none'}"
    return (
        f"{shown['symbol']} {shown['as_of']} spot {shown['spot']:g}: net {shown['net_gex'] / 1e9:+.2f} bn $ per 1 %"
        f" ({shown['regime']}, {shown['magnitude']})\n  {flip}, {walls}, assuming {shown['convention']}"
    )
