"""Slides of each notebook: excerpts, with the whole text as notes; all offline, by reveal.js.

The rule takes a section's first paragraphs, equations, charts, tables, exercises, votes, and each
figure with what is to be seen in it. A cell's tags overrule it: `slide`, `subslide` and `fragment`
take all of the cell, `notes` puts it into the notes, `skip` leaves it out.
"""

import html
import re
import shutil
from pathlib import Path

import nbformat

from classroom import parts, vendor
from classroom.excerpts import CHART, blocks, chart, chosen, excerpt, rendered

HERE = Path(__file__).parent
LIBRARY = {"reveal.js": ["dist/reset.css", "dist/reveal.css", "dist/reveal.js"]}
LIBRARY["reveal.js"] += ["plugin/notes/notes.js"]
LIBRARY |= {"mathjax": ["es5/tex-svg.js"], "mermaid": ["dist/mermaid.min.js"]}
FULL = {"slide", "subslide", "fragment"}


class Deck:
    """Stacks of slides; a slide is a list of pieces of HTML, and its notes in Markdown."""

    def __init__(self, course: str):
        self.course, self.stacks, self.topic = course, [], course

    def stack(self, *pieces: str):
        self.stacks.append([])
        self.slide(*pieces)

    def slide(self, *pieces: str):
        self.stacks[-1].append((list(pieces), []))

    def add(self, piece: str):
        self.stacks[-1][-1][0].append(piece)

    def note(self, text: str):
        self.stacks[-1][-1][1].append(text)

    def html(self) -> str:
        """All slides as sections of sections."""
        foot = f'<div class="course">{html.escape(self.course)}</div>'
        found = []
        for stack in self.stacks:
            found.append("<section>")
            for pieces, notes in stack:
                aside = rendered("\n\n".join(notes)) if notes else ""
                body = "\n".join(pieces)
                page = f'<div class="page">{body}{foot}</div>'
                found.append(f'<section>{page}<aside class="notes">{aside}</aside></section>')
            found.append("</section>")
        return "\n".join(found)


def markdown(deck: Deck, text: str):
    """The slides of a markdown cell."""
    text = text.replace("**To discuss.**\n", "### To discuss\n\n")
    for piece in re.split(r"(?m)^(?=##+ )", text):
        if not piece.strip() or piece.partition("\n")[0].endswith("Claims"):
            continue
        heading, _, body = piece.partition("\n") if piece.startswith("#") else ("", "", piece)
        title = rendered(heading) if heading else ""
        if heading.startswith("## "):
            deck.topic = heading[3:]
            deck.stack(title, *chosen(body))
        elif heading:
            deck.slide(title, *chosen(body))
        elif body.startswith("What to see"):
            seen, last = rendered(excerpt(body, 45)), "".join(deck.stacks[-1][-1][0])
            if 'class="picture"' in last and "fragment" not in last:
                deck.add(f'<div class="fragment">{seen}</div>')
            else:
                deck.slide(f"<h3>{html.escape(deck.topic)}</h3>", seen)
        elif re.search(r"(?m)^\$\$|^\||^- \*\*a\*\*", body) or body.startswith("**"):
            deck.slide(f"<h3>{html.escape(deck.topic)}</h3>", *chosen(body))
        deck.note(piece)
        for drawn in CHART.finditer(body):
            deck.slide(f"<h3>{html.escape(deck.topic)}</h3>", chart(drawn[1], drawn[2]))
            deck.note(drawn[2] or "")


def pictures(cell) -> list[str]:
    """The stored pictures of a cell, each with its sentence as alternative text."""
    found = []
    for output in cell.get("outputs", []):
        for kind in ("image/png", "image/jpeg"):
            if kind in output.get("data", {}):
                alt = output.metadata.get(kind, {}).get("alt", "A picture")
                data = "".join(output.data[kind].split())
                source = f'src="data:{kind};base64,{data}"'
                found.append(f'<div class="picture"><img {source} alt="{html.escape(alt)}"></div>')
    return found


def code(deck: Deck, cell, votes: dict):
    """The slides of a code cell: votes, the stub of an exercise, figures."""
    for call in parts.calls(cell.source, "exercises.predict", "sketch"):
        vote = votes[call.args[0].value]
        told = [f"<h3>Your guess first</h3><p>{html.escape(vote.question)}</p>"]
        if vote.options:
            told.append(rendered("\n".join(f"- {option}" for option in vote.options)))
        else:
            told += [each.replace('"picture"', '"picture small"') for each in pictures(cell)]
        answer = f"Measured: {html.escape(vote.measured)}"
        told.append(f'<p class="fragment measured-answer">{answer}</p>')
        deck.slide(f'<div class="vote">{"".join(told)}</div>')
    if parts.calls(cell.source, "exercises.check") and cell.source.lstrip()[:4] in ("def ", "@tor"):
        stub = cell.source.split("\n\n\n")[0]
        deck.add(f"<pre><code>{html.escape(stub)}</code></pre>")
    if not parts.calls(cell.source, "sketch"):
        for picture in pictures(cell):
            deck.slide(f"<h3>{html.escape(deck.topic)}</h3>", picture)


def whole(deck: Deck, cell, tags: set[str]):
    """A cell that is tagged: all of it."""
    if cell.cell_type == "markdown":
        shown = [rendered(cell.source)]
    else:
        printed = "".join(output.get("text", "") for output in cell.outputs)
        shown = [f"<pre><code>{html.escape(cell.source)}</code></pre>"]
        shown += [f"<pre><code>{html.escape(printed)}</code></pre>"] * bool(printed)
        shown += pictures(cell)
    if "fragment" in tags:
        deck.add(f'<div class="fragment">{"".join(shown)}</div>')
    else:
        (deck.stack if "slide" in tags else deck.slide)(*shown)


def title_slide(deck: Deck, text: str):
    """Title, what the notebook is about, and its goals."""
    heading, *rest = blocks(text)
    kept = [b for b in rest if not re.match(r"\*\*(About|Builds|How)|Working through|To learn", b)]
    deck.stack(rendered(heading), *(rendered(block) for block in kept[:3]))
    deck.note(text)


def deck_of(number: str) -> Deck:
    """The slides of the notebook of that number."""
    notebook, known = nbformat.read(parts.NOTEBOOKS[number], as_version=4), parts.read(number)
    votes = {vote.question: vote for s in known.sections for vote in s.votes}
    deck = Deck(f"{number} · {known.title}")
    for place, cell in enumerate(notebook.cells):
        tags = set(cell.metadata.get("tags", []))
        if "skip" in tags or cell.metadata.get("jupyter", {}).get("source_hidden"):
            continue
        if "notes" in tags:
            deck.note(cell.source)
        elif tags & FULL:
            whole(deck, cell, tags)
        elif not place:
            title_slide(deck, cell.source)
        elif cell.cell_type == "markdown":
            markdown(deck, cell.source)
        else:
            code(deck, cell, votes)
    return deck


def decks(folder: Path, numbers=tuple(parts.NOTEBOOKS)) -> Path:
    """Write decks, and what they need, into a folder that works from the disk."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "lib").mkdir(parents=True)
    for name, files in LIBRARY.items():
        for file in files:
            shutil.copy(vendor.package(name) / file, folder / "lib")
    shutil.copy(HERE / "slides.css", folder / "lib")
    page = (HERE / "slides.html").read_text(encoding="utf-8")
    links = []
    for number in numbers:
        path, deck = parts.NOTEBOOKS[number], deck_of(number)
        text = page.replace("{title}", html.escape(deck.course)).replace("{slides}", deck.html())
        (folder / f"{path.stem}.html").write_text(text, encoding="utf-8")
        links.append(f'<li><a href="{path.stem}.html">{html.escape(deck.course)}</a></li>')
    index = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Slides</title><h1>Slides</h1>'
    )
    (folder / "index.html").write_text(f"{index}<ul>{''.join(links)}</ul></html>", encoding="utf-8")
    return folder
