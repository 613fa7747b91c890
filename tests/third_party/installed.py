"""Install the example package without pip: its folder and the metadata that an installer would write."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE / "magic8_example"


def install(site: Path, **more: str) -> Path:
    """Copy the example into ``site``, register its entry points, and return ``site``.

    ``more`` adds entry points: group without the prefix ``magic8.`` -> ``name = module:object``.
    """
    project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shutil.copytree(PACKAGE, site / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
    metadata = site / f"{PACKAGE.name}-{project['version']}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n", encoding="utf-8"
    )
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
        lines += [more[part]] if (part := group.removeprefix("magic8.")) in more else []
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return site
