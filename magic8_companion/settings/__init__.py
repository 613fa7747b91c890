"""The settings: every room describes its own in its configuration; here they are named, read and checked.

``sources`` reads the texts, ``values`` turns a text into a value, ``model`` names the settings, ``rooms`` fills in the
rooms' configurations, ``text`` writes ``.env.example``.

The plugin does not import this room.  Its commands and script classes ask ``ports.plugin_config()``, which finds
``rooms.plugin_config`` by the entry point ``magic8.settings``.  So a name, a mistake and a relative path mean the same
to host and plugin, and there is one reader of ``.env``, not two.
"""
