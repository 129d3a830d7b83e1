"""Put a benchmark's table into docs/benchmarks.md, between its two marks."""

import os
import platform
from pathlib import Path

ROOT = Path(__file__).parents[2]


def machine() -> str:
    """Python and the number of cores, for the line below a table."""
    return f"Python {platform.python_version()}, {os.cpu_count()} cores"


def into_page(name: str, lines: list[str]) -> None:
    """Print the lines, and put them between `<!-- name -->` and `<!-- end of name -->`."""
    print("\n".join(lines))
    path = ROOT / "docs" / "benchmarks.md"
    first, last = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, _, rest = path.read_text(encoding="utf-8").partition(first)
    _, _, after = rest.partition(last)
    path.write_text("\n".join([before + first, "", *lines, "", last + after]), encoding="utf-8")
