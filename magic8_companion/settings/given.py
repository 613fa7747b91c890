"""The settings of a command: what stands on its line wins over environment and ``.env``."""

from __future__ import annotations

from collections.abc import Mapping

from magic8_companion.settings.model import Settings, load_settings


def command_settings(given: Mapping[str, object]) -> Settings:
    """Return the settings; a value of None means that the option is not given.

    ``--output-dir`` is the folder of this run's files.  The setting M8C_OUTPUT_DIR is that of live runs, in which
    replayed and simulated runs have folders of their own.

    Raises
    ------
    ConfigError
        One message with every mistake.
    """
    overrides = {name: value for name, value in given.items() if value is not None}
    settings = load_settings(overrides=overrides)
    if settings.is_live or "output_dir" not in overrides:
        return settings
    folder = overrides.pop("output_dir")
    kill_switch = settings.kill_switch_file or settings.output_dir / "KILL"
    return load_settings(overrides={**overrides, "nonlive_output_dir": folder, "kill_switch_file": kill_switch})
