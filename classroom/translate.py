"""The course in another language: catalogues, and the notebooks and the glossary made from them.

python -m classroom.translate LANGUAGE [STEM …]: brings the catalogues of the language up to date,
those of the named notebooks begin; then writes build/LANGUAGE/. What has no translation, or one of
an older text (fuzzy), stays English and is told.
"""

import copy
import shutil
import sys
from pathlib import Path

import nbformat
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from classroom import messages
from course_utils import language

ROOT = Path(__file__).parents[1]
GLOSSARY = "docs/glossary"
CHOOSES = 'import os\n\nos.environ["COURSE_LANGUAGE"] = "{}"'


def template(name: str) -> Catalog:
    """All messages of a catalogue: of a notebook by its stem, of the glossary, of the module."""
    made = Catalog(project="The life of a Q-learning agent", charset="utf-8", fuzzy=False)
    for where, texts in sources(name):
        for text in texts:
            made.add(text, locations=[(where, None)])
    return made


def sources(name: str):
    """(where, messages) of each file that a catalogue is about."""
    if name == GLOSSARY:
        yield "docs/glossary.md", places_of(messages.blocks(read("docs/glossary.md")))
    elif name != "course_utils":
        texts, code = messages.of_notebook(notebook(Path(name).name))
        yield from ((f"{name}.ipynb", texts), (f"{name}.ipynb: code", code))
    else:
        for path in sorted((ROOT / "course_utils").rglob("*.*")):
            of = {".py": messages.of_module, ".js": messages.of_script, ".yaml": messages.of_book}
            if path.suffix in of and path.name != "language.py":
                where = path.relative_to(ROOT).as_posix()
                yield where, of[path.suffix](read(where))
        yield "notebooks/self_check.py", messages.of_module(read("notebooks/self_check.py"))
        for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
            cells = [c.source for c in notebook(path.stem).cells if c.cell_type == "code"]
            yield f"notebooks/{path.name}", messages.names("\n".join(cells))


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def notebook(stem: str):
    return nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", as_version=4)


def places_of(places) -> list[str]:
    return [place.text for place in sorted(places)]


def stored(name: str, code: str) -> Catalog:
    """The catalogue as it is; empty if it has not begun."""
    if not (path := home(code) / f"{name}.po").exists():
        return Catalog(locale=code)
    with open(path, "rb") as file:
        return read_po(file, locale=code)


def home(code: str) -> Path:
    """Where gettext, and Sphinx for the pages of the site, look for catalogues."""
    return language.FOLDER / code / "LC_MESSAGES"


def begun(code: str) -> list[str]:
    """The catalogues that there are."""
    found = home(code).rglob("*.po")
    return sorted(path.relative_to(home(code)).with_suffix("").as_posix() for path in found)


def updated(name: str, code: str) -> Catalog:
    """The catalogue as it should be: messages of today; changed ones are marked as fuzzy."""
    kept = stored(name, code)
    kept.update(template(name))
    return kept


def store(name: str, code: str, catalogue: Catalog) -> None:
    path = home(code) / f"{name}.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        options = {"ignore_obsolete": True, "omit_header": True, "include_lineno": False}
        write_po(file, catalogue, width=100, **options)


def translated(stem: str, code: str):
    """The notebook in the language: the same cells, and one before them that chooses it."""
    made = copy.deepcopy(notebook(stem))
    name = f"notebooks/{stem}"
    known = language.catalogue(name, code) if name in begun(code) else {}
    for cell in made.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        places = messages.blocks if cell.cell_type == "markdown" else messages.strings
        cell.source = messages.exchanged(cell.source, places(cell.source), known)
    first = next(k for k, cell in enumerate(made.cells) if cell.cell_type == "code")
    made.cells.insert(first, nbformat.v4.new_code_cell(CHOOSES.format(code), id="language"))
    made.metadata.pop("widgets", None)
    return made


def glossary(code: str) -> str:
    """The glossary in the language; the English words stay, beside their translation."""
    text = read("docs/glossary.md")
    return messages.exchanged(text, messages.blocks(text), language.catalogue(GLOSSARY, code))


def self_check(code: str) -> str:
    """The self-check in the language: it speaks where no module of the course can be imported."""
    text, known = read("notebooks/self_check.py"), language.catalogue(language=code)
    sentences = {message: told for message, told in known.items() if " " in message}
    return messages.exchanged(text, messages.strings(text), sentences)


def write(code: str, folder: Path) -> None:
    """The notebooks, what lies beside them and the documents, in the language."""
    shutil.copytree(ROOT / "docs", folder / "docs", dirs_exist_ok=True)
    (folder / "docs/glossary.md").write_text(glossary(code), encoding="utf-8")
    (folder / "notebooks").mkdir(exist_ok=True)
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        nbformat.write(translated(path.stem, code), folder / "notebooks" / path.name)
    (folder / "notebooks/self_check.py").write_text(self_check(code), encoding="utf-8")


def main(code: str, *stems: str) -> None:
    named = [f"notebooks/{stem}" for stem in stems]
    for name in sorted({"course_utils", GLOSSARY, *begun(code), *named}):
        store(name, code, made := updated(name, code))
        entries = [entry for entry in made if entry.id]
        outdated = [entry.id for entry in entries if entry.fuzzy]
        missing = [entry.id for entry in entries if not entry.string]
        told = f"{len(entries)} messages, {len(missing)} without translation"
        print(f"{name}: {told}, {len(outdated)} of an older text", *outdated, sep="\n  ")
    (ROOT / f"docs/glossary.{code}.md").write_text(glossary(code), encoding="utf-8")
    write(code, ROOT / "build" / code)


if __name__ == "__main__":
    main(*sys.argv[1:])
