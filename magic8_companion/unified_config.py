"""The public face of the settings: ``Settings().ib_port``, ``load_settings()``; see ``magic8_companion.settings``."""

from magic8_companion.settings.model import Settings, load_settings, setting_names
from magic8_companion.settings.text import env_example, masked_settings

__all__ = ["Settings", "env_example", "load_settings", "masked_settings", "setting_names"]
