"""What notebooks have stored, as HTML: pictures with alt texts, widgets as what is left of them."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import nbformat

from classroom.site import answers

WIDGET = "application/vnd.jupyter.widget-view+json"
ASLEEP = "In JupyterLab this has controls: download the notebook, and run its cells."

TAKE_HOME = """<iframe class="take-home" src="../take_home.html" title="The agent at play"></iframe>
<p><a href="../take_home.html">The agent on a page of its own</a></p>"""
# A link to a section, as JupyterLab names sections.
CHAPTER = re.compile(r"(\]\(\d\d_\w+)\.ipynb")
SECTION = re.compile(r"(?<=\.ipynb#)[^)\s]+")


def slug(found: re.Match) -> str:
    """The same as Sphinx names sections."""
    return re.sub(r"[^\w-]", "", found[0].lower())


def setup(app):
    app.connect("source-read", read)
    return {"parallel_read_safe": True}


def read(app, name: str, source: list[str]) -> None:
    """Sphinx is about to parse a notebook: its outputs become what a page can show."""
    if not str(app.env.doc2path(name)).endswith(".ipynb"):
        return
    notebook = nbformat.reads(source[0], as_version=4)
    key = "application/vnd.jupyter.widget-state+json"
    states = notebook.metadata.pop("widgets", {}).get(key, {}).get("state", {})
    pictures = Path(app.outdir) / "_images"
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = SECTION.sub(slug, cell.source)
        if cell.cell_type == "code":
            if cell.metadata.get("jupyter", {}).get("source_hidden"):
                cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-input"]
            asked = partial(answers.of, Path(name).name, cell.source)
            if app.builder.format != "html":
                cell.outputs = []  # a catalogue of messages: what was measured is not translated
            shown = partial(output, states=states, pictures=pictures, asked=asked)
            cell.outputs = [new for old in cell.outputs if (new := shown(old))]
    source[0] = nbformat.writes(notebook)


def output(old, states: dict, pictures: Path, asked: Callable):
    """One output for the page; None for the still of a widget, which its widget shows already."""
    data = old.get("data", {})
    if "course-still" in data.get("text/html", ""):
        return None
    if "take_home.html" in data.get("text/markdown", ""):
        return written(TAKE_HOME)
    if "text/markdown" in data:
        data["text/markdown"] = CHAPTER.sub(r"\1.html", data["text/markdown"])
    shown = picture(old, pictures)
    if view := data.get(WIDGET):
        return written(widget(view["model_id"], states, shown, data["text/plain"], asked))
    return written(shown) if shown else old


def written(page: str):
    return nbformat.v4.new_output("display_data", {"text/html": page})


def picture(old, pictures: Path) -> str:
    """The picture of an output, kept as a file, or ""."""
    kinds = [kind for kind in ("image/png", "image/jpeg") if kind in old.get("data", {})]
    if not kinds:
        return ""
    content, told = base64.b64decode(old.data[kinds[0]]), old.metadata.get(kinds[0], {})
    file = pictures / f"{hashlib.sha256(content).hexdigest()[:16]}.{kinds[0][6:]}"
    pictures.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    size = "".join(f' {side}="{told[side]}"' for side in ("width", "height") if side in told)
    alt = html.escape(told.get("alt", ""))
    return f'<img class="figure" loading="lazy" src="../_images/{file.name}" alt="{alt}"{size}>'


def parts(model: str, states: dict):
    """A widget and all its children: name of the model and its state."""
    if model not in states:
        return
    yield states[model]["model_name"], states[model]["state"]
    for child in states[model]["state"].get("children", ()):
        yield from parts(child.removeprefix("IPY_MODEL_"), states)


def widget(model: str, states: dict, shown: str, told: str, asked: Callable) -> str:
    """A widget without its kernel: a question, a picture that is live, or a still."""
    found = dict(parts(model, states))
    if choice := found.get("RadioButtonsModel"):
        return question(found["HTMLModel"]["value"], choice["_options_labels"], model)
    view = found.get("AnyModel", {})
    if "about" not in view or view["about"]["train"]:
        told = found["LabelModel"]["value"] if "LabelModel" in found else told
        return f"{shown}<p>{html.escape(told)}</p>" + f"<p><em>{ASLEEP}</em></p>" * bool(shown)
    about, grid = view["about"], asked()
    drawn = [control["kind"] for control in about["controls"]] == ["curve"]
    about.setdefault("ylabel", view["stored"]["look"]["ylabel"] or "what is shown")  # its name
    asleep = not (about["answers"] or grid or drawn)
    if asleep:
        about["controls"] = []
    kept = json.dumps({"about": about, "stored": view["stored"], "grid": grid})
    kept = kept.replace("</", "<\\/")
    data = f'<script type="application/json">{kept}</script>'
    still = f"{shown}<p>{html.escape(told)}</p>"
    note = f"<p><em>{ASLEEP}</em></p>" * asleep
    return f'<div class="course-live">{data}{still}</div>{note}'


def question(text: str, options: list[str], name: str) -> str:
    """A guess before the result: nothing counts it here."""
    lines = [
        f'<label><input type="radio" name="{name}"> {html.escape(option)}</label>'
        for option in options
    ]
    return f'<fieldset class="course-guess"><legend>{text}</legend>{"".join(lines)}</fieldset>'
