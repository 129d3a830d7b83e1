"""The whole course as static pages that need no network: make site, or classroom.site.build."""

import shutil
import sys
import tempfile
from pathlib import Path

from course_utils import storage
from course_utils.distil import ship

ROOT = Path(__file__).parents[2]
START = '<!doctype html><meta charset="utf-8"><title>The course</title>\n'
START += '<meta http-equiv="refresh" content="0; url=README.html"><a href="README.html">Start</a>\n'


def build(out: Path, *options: str) -> None:
    """Write the pages into a folder, which is emptied first. options: of sphinx-build.

    Raises RuntimeError if Sphinx is missing or warns, with its own words above it.
    """
    try:
        from sphinx.cmd.build import main
    except ImportError as error:
        told = "the site needs Sphinx: make site installs it, with Python 3.11 or later."
        raise RuntimeError(told) from error
    if (out / "index.html").exists():
        shutil.rmtree(out)
    with tempfile.TemporaryDirectory() as parsed:
        strict = ["-q", "-W", "--keep-going", "-j", "auto", "-d", parsed]
        if main([*strict, "-c", str(Path(__file__).parent), *options, str(ROOT), str(out)]):
            raise RuntimeError("the site is not whole: mend what Sphinx names above.")
    for template in (out / "_static").glob("*macros.html"):
        template.unlink()  # of the theme, no page
    agents = storage.load_agent(storage.shipped("cartpole_student.safetensors"))[0]
    ship.write_html(out / "take_home.html", agents.choose([0]))
    (out / "index.html").write_text(START, "utf-8")


if __name__ == "__main__":
    place = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "site")
    build(place, *sys.argv[2:])
    print(f"The site is in {place}: open index.html there.")
