"""Make the pictures of the README from a real run: ``python docs/make_pictures.py``.

The picture shows the terminal after a simulated day, without the lines that depend on the machine.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "images" / "decisions.svg"
DAY = "2025-06-26"
WIDTH = 120
FONT_FACES = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # the page loads nothing from other hosts


def decisions() -> str:
    """Return the terminal output of a simulated day, with colors."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "magic8_companion.unified_main", "--date", DAY],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "FORCE_COLOR": "1", "COLUMNS": str(WIDTH)},
            capture_output=True,
            text=True,
            check=True,
        )
    _, begin, rest = done.stdout.partition(f"simulated day {DAY}")
    lines = [line for line in (begin + rest).splitlines() if "files in" not in line]
    return "\n".join(lines).strip("\n")


def main() -> int:
    """Write the picture."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(f"$ magic8 run --date {DAY}\n", highlight=False)
    console.print(Text.from_ansi(decisions()))
    PICTURE.parent.mkdir(exist_ok=True)
    svg = FONT_FACES.sub("", console.export_svg(title="magic8", unique_id="magic8"))
    PICTURE.write_text(re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE), encoding="utf-8")
    print(PICTURE.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
