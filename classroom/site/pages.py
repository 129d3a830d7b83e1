"""What the pages have in common: the list of pages, diagrams, scripts, links that lead outside."""

import html
import shutil
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

from classroom import vendor
from course_utils.laboratory.view import View, front_end
from course_utils.worlds import WORLDS

ROOT = Path(__file__).parents[2]
PARTS = {
    "Start": ["00"],
    "An agent learns": ["01", "02", "03"],
    "It is taught": ["04", "05", "06"],
    "It is tuned": ["07", "08", "09"],
    "It is distilled": ["10", "11", "12"],
    "It goes further": ["13", "14"],
}
FIRST = ["docs/glossary.md", "docs/discussion.md", "docs/teaching.md"]
LAST = ["data/README.md", "CONTRIBUTING.md"]
TOCTREE = "\n\n```{toctree}\n:hidden:\n:caption: %s\n\n%s\n```\n"


def setup(app):
    app.add_directive("mermaid", Mermaid)
    app.connect("builder-inited", add_scripts)
    app.connect("source-read", add_list)
    app.connect("doctree-read", leave_text)
    app.connect("html-page-context", add_charts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Mermaid(SphinxDirective):
    """A chart as the notebooks write it; the reader's browser makes a picture of it."""

    has_content = True

    def run(self):
        chart = html.escape("\n".join(self.content))
        return [nodes.raw("", f'<pre class="mermaid">{chart}</pre>', format="html")]


def add_scripts(app) -> None:
    """Put what comes from npm and from the laboratory beside the scripts of the pages."""
    if app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    static.mkdir(parents=True, exist_ok=True)
    shutil.copy(vendor.package("mathjax") / "es5" / "tex-svg.js", static)
    shutil.copy(vendor.package("mermaid") / "dist" / "mermaid.min.js", static)
    # A module may not be loaded from a folder, a plain script may.
    view = front_end(*map(str.lower, WORLDS))
    view = view.replace("export default { render };", "window.courseView = render;")
    (static / "view.js").write_text(f"(() => {{\n{view}\n}})();\n", "utf-8")
    (static / "view.css").write_text(View._css, "utf-8")


def add_list(app, name: str, source: list[str]) -> None:
    """The start page lists all pages, for the bar at the side."""
    if name != app.config.root_doc:
        return
    stems = sorted(path.stem for path in ROOT.glob("notebooks/*.ipynb"))
    lists = {part: [f"notebooks/{s}" for s in stems if s[:2] in of] for part, of in PARTS.items()}
    docs = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/*.md"))
    docs.sort(key=lambda page: FIRST.index(page) if page in FIRST else len(FIRST))
    lists["Beside the chapters"] = docs + LAST
    source[0] += "".join(TOCTREE % (part, "\n".join(pages)) for part, pages in lists.items())


def leave_text(app, tree) -> None:
    """A link to a folder of the course stays as its text, as the site has no such page."""
    for link in list(tree.findall(addnodes.pending_xref)):
        if (ROOT / link["reftarget"]).is_dir():
            link.replace_self(link.children)


def add_charts(app, name, template, context, doctree) -> None:
    """Mermaid is large: pages without a chart go without."""
    body = context.get("body", "")
    if 'class="mermaid"' in body:
        app.add_js_file("mermaid.min.js", defer="")
    if 'class="course-live"' in body:
        app.add_js_file("view.js", defer="")
