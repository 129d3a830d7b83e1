"""What the course says, in the language of COURSE_LANGUAGE; in English if none is set.

The sentences stand in the sources, in English; a catalogue of gettext has their translations. Of an
f-string the message is "step {0} of {1}". Strings are exchanged when a module is imported and when
a script is read: so nothing is looked up later, and nothing at all without a language.
"""

import ast
import os
import re
from functools import cache
from importlib.machinery import PathFinder, SourceFileLoader
from itertools import count
from pathlib import Path

FOLDER = Path(__file__).with_name("locale")
LANGUAGE = os.environ.get("COURSE_LANGUAGE", "").strip().removeprefix("en")
# In JavaScript: words for the kernel, comments, strings, templates; what a template inserts.
SCRIPT = re.compile(r'press\([^()]*\)|//[^\n]*|"[^"\n]*"|`(?:\$\{(?:[^{}]|\{[^{}]*\})*\}|[^`])*`')
INSERTED, VALUE = re.compile(r"\$\{(?:[^{}]|\{[^{}]*\})*\}"), re.compile(r"\{(\d+)\}")
# Matplotlib's own font has no Chinese letters; these do, and systems have one of them.
FONTS = ["Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "WenQuanYi Micro Hei"]
FONTS += ["WenQuanYi Zen Hei", "Microsoft YaHei", "SimHei", "PingFang SC", "Hiragino Sans GB"]


@cache
def catalogue(name: str = "course_utils", language: str = LANGUAGE) -> dict[str, str]:
    """Message → translation, but for those that are missing or out of date; {} for English."""
    from babel.messages.pofile import read_po

    if not language:
        return {}
    if not (path := FOLDER / language / "LC_MESSAGES" / f"{name}.po").exists():
        there = ", ".join(sorted(folder.name for folder in FOLDER.iterdir()))
        raise ValueError(f"COURSE_LANGUAGE = '{language}': must be en or one of {there}.")
    with open(path, "rb") as file:
        return {m.id: m.string for m in read_po(file) if m.id and m.string and not m.fuzzy}


def tell(said):
    """A sentence, or all of a list or a dict, as the catalogue has it; else as it is."""
    if not LANGUAGE:
        return said
    if isinstance(said, dict):
        return {tell(key): tell(value) for key, value in said.items()}
    return [*map(tell, said)] if isinstance(said, list) else catalogue().get(said, said)


def message(node: ast.AST) -> str:
    """The message of a string or an f-string; "" of all else."""
    if isinstance(node, ast.JoinedStr):
        texts, number = [getattr(part, "value", None) for part in node.values], count()
        return "".join(t if isinstance(t, str) else f"{{{next(number)}}}" for t in texts)
    return node.value if isinstance(getattr(node, "value", None), str) else ""


class Translator(ast.NodeTransformer):
    """Exchanges the strings of a module, but for its docstrings."""

    def visit_Expr(self, node):
        return node if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_Constant(self, node):
        # One word may be a name: `tell` exchanges it.
        told = catalogue().get(node.value) if " " in message(node) else None
        return ast.Constant(told) if told else node

    def visit_JoinedStr(self, node):
        values = [self.visit(part) for part in node.values if isinstance(part, ast.FormattedValue)]
        parts = VALUE.split(catalogue().get(message(node), ""))  # text, number, text, …
        new = [values[int(p)] if k % 2 else ast.Constant(p) for k, p in enumerate(parts)]
        return ast.JoinedStr(new) if any(parts) else node


class Loader(SourceFileLoader):
    """Compiles a module after its strings are exchanged; what Python keeps stays English."""

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        tree = Translator().visit(ast.parse(self.get_data(path), path))
        return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)


class Finder(PathFinder):
    """Finds the modules of the course, before Python does."""

    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        if not fullname.startswith("course_utils."):
            return None
        if (spec := super().find_spec(fullname, path, target)) and spec.has_location:
            spec.loader = Loader(fullname, spec.origin)
        return spec


def script(source: str) -> str:
    """A script of the front end with its strings exchanged."""

    def exchanged(place):
        number, values = count(), INSERTED.findall(place[0])
        text = INSERTED.sub(lambda _: f"{{{next(number)}}}", place[0][1:-1])
        told = VALUE.sub(lambda at: values[int(at[1])], catalogue().get(text, ""))
        return f"{place[0][0]}{told}{place[0][-1]}" if told else place[0]

    return SCRIPT.sub(exchanged, source) if LANGUAGE else source


@cache
def fonts() -> dict[str, list[str]]:
    """The setting of Matplotlib for letters that its own font lacks, if a font here has them."""
    if not LANGUAGE:
        return {}
    from matplotlib import font_manager

    there = [font for font in FONTS if font in font_manager.get_font_names()]
    return {"font.family": ["DejaVu Sans", *there[:1]]} if there else {}


def spell(figure):
    """The figure; where no font has the letters of its labels, these are English again."""
    if LANGUAGE and not fonts():
        for text in figure.findobj(lambda artist: hasattr(artist, "set_text")):
            text.set_text(in_english(text.get_text()))
        for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
            labels = [label.get_text() for label in axis.get_ticklabels()]  # written anew later
            if (english := [*map(in_english, labels)]) != labels:
                axis.set_ticks(axis.get_ticklocs(), english)
    return figure


def in_english(label: str) -> str:
    """What was translated to this label, or to parts of it, if it has letters of Asia."""
    if not re.search("[\u2e80-\uffff]", label):
        return label
    home, known = FOLDER / LANGUAGE / "LC_MESSAGES", {}
    for path in home.rglob("*.po"):
        known |= catalogue(str(path.relative_to(home))[:-3])
    for english, told in sorted(known.items(), key=lambda pair: -len(pair[1])):
        parts = VALUE.split(told)  # text, number, text, …
        pattern = "(.*)".join(map(re.escape, parts[::2]))
        if found := re.fullmatch(pattern, label.replace("\n", "")):
            values = dict(zip(parts[1::2], found.groups(), strict=True))
            return VALUE.sub(lambda at, values=values: values[at[1]], english)
        label = label if told.isascii() or parts[1:] else label.replace(told, english)
    return label
