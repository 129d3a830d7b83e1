"""Put a benchmark's table into the README, between its two marks."""

import os
import platform
from pathlib import Path

ROOT = Path(__file__).parents[2]


def machine() -> str:
    """Python and the number of cores, for the line below a table."""
    return f"Python {platform.python_version()}, {os.cpu_count()} cores"


def into_readme(name: str, lines: list[str]) -> None:
    """Print the lines, and replace what stands between `<!-- name -->` and `<!-- end of name -->`."""
    print("\n".join(lines))
    path, first, last = ROOT / "README.md", f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, _, rest = path.read_text(encoding="utf-8").partition(first)
    _, _, after = rest.partition(last)
    path.write_text("\n".join([before + first, "", *lines, "", last + after]), encoding="utf-8")
