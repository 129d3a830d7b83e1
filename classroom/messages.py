"""What a reader sees, as messages of gettext: where it stands in a source, and what it says.

Of Markdown each heading, paragraph, list item and table cell is a message, as in Sphinx; of a
diagram each label; of code each string with words in it, and each comment.
"""

import ast
import io
import json
import re
import tokenize
from typing import NamedTuple

import yaml
from markdown_it import MarkdownIt

from course_utils import language

# Words for programs, not for readers, though they look like sentences.
PROGRAMS = {"open task", "near one", "center left", "outside right center", "the machine"}
PROGRAMS |= {"front end", "the folder `runs`", "True", "False", "Infinity", "lock file"}
PROGRAMS |= {"observations actions limit begin advance observe", "handed on"}
PROGRAMS |= {"{0}: {1}.return", "{0}: references.random"}  # names in the study of the worlds
LABELS = {"ylabel", "xlabel", "title", "unit", "description"}  # arguments that may be one word


class Place(NamedTuple):
    """A piece of a source, its message, and what writes a translation there."""

    start: int
    end: int
    text: str
    write: object = str


def exchanged(source: str, places: list[Place], known: dict[str, str]) -> str:
    """The source with all messages exchanged that have a translation."""
    for place in sorted(places, reverse=True):
        if told := known.get(place.text):
            source = source[: place.start] + place.write(told) + source[place.end :]
    return source


def is_prose(text: str) -> bool:
    """Whether somebody reads it: words with a space, or before a value that ends a sentence."""
    bare = language.VALUE.sub("", text)
    code = re.search(r"\\[bdw]|^\^|^[\w.]+\(|[-_]{2}|\w;\n|\(\?|^[\w.]+( \| [\w.]+)+$", bare)
    words = re.search(r"[^\W\d_]{2}", bare) and (" " in text or text.endswith("}."))
    return bool(words or re.search(r"\}:? .*\}\.$", text)) and not code and text not in PROGRAMS


def blocks(markdown: str) -> list[Place]:
    """The messages of Markdown."""
    places, starts, at = [], [0, *(m.end() for m in re.finditer("\n", markdown))], 0
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        if token.type == "fence" and token.info == "mermaid":
            first = starts[token.map[0]]
            found = re.finditer(r'"([^"]+)"', markdown[first : starts[token.map[1] - 1]])
            places += [Place(first + m.start(1), first + m.end(1), m[1]) for m in found]
        if token.type != "inline" or not token.content:
            continue
        lines = token.content.split("\n")
        start = markdown.index(lines[0], max(at, starts[token.map[0]]))
        at = start + len(lines[0])
        for line in lines[1:]:
            at = markdown.index(line, at) + len(line)
        text = " ".join(line.strip() for line in lines)
        # Without formulas and code; a term of the glossary is no message, nor is its translation.
        bare = re.sub(r"\]\([^)]*\)|\$\$?[^$]*\$\$?|`[^`]*`|^\*\*[^*.]*\*\*$", "", text)
        words = len(re.findall("[A-Za-z]{2,}", bare))
        if words > (8 if re.search("[\u2e80-\uffff]", bare) else 0):
            places.append(Place(start, at, text))
    return places


def strings(code: str) -> list[Place]:
    """The strings and comments of a cell or a file in Python; docstrings are read in a notebook."""
    tree, lines = ast.parse(code), code.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def offset(line, column):  # ast counts bytes
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    places, left = [], [tree]
    while left:
        node = left.pop()
        if text := language.message(node):
            start = offset(node.lineno, node.col_offset)
            end = offset(node.end_lineno, node.end_col_offset)
            as_before = writer(code[start:end], isinstance(node, ast.JoinedStr))
            places.append(Place(start, end, text, as_before))
        else:  # what an f-string inserts stays as it is
            left += ast.iter_child_nodes(node)
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT and not token.string.startswith(("# noqa", "# fmt")):
            start = starts[token.start[0] - 1] + token.start[1] + 2
            places.append(Place(start, start + len(token.string) - 2, token.string[2:]))
    return places


def writer(literal: str, formatted: bool):
    """What writes a translation in the manner of this literal."""
    if literal.startswith('"""'):
        return '"""{}"""'.format
    if not formatted:
        return lambda told: json.dumps(told, ensure_ascii=False)
    values = inserted(literal)

    def with_values(told):
        parts = language.VALUE.split(told)
        texts = [json.dumps(text, ensure_ascii=False)[1:-1] for text in parts[::2]]
        texts = [text.replace("{", "{{").replace("}", "}}") for text in texts]
        put = [values[int(number)] for number in parts[1::2]]
        return (
            'f"'
            + "".join(text + value for text, value in zip(texts, [*put, ""], strict=True))
            + '"'
        )

    return with_values


def inserted(literal: str) -> list[str]:
    """The values of an f-string, or of several that stand together, as they are written."""
    found, depth, start, k = [], 0, 0, 0
    while k < len(literal):
        if not depth and literal[k : k + 2] in ("{{", "}}"):  # a brace that is text
            k += 1
        elif literal[k] == "{":
            start, depth = start if depth else k, depth + 1
        elif literal[k] == "}":
            depth -= 1
            found += [literal[start : k + 1]] * (not depth)
        k += 1
    return found


def of_notebook(notebook) -> tuple[list[str], list[str]]:
    """The messages of its text, and of its code."""
    texts, code = [], []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            texts += [place.text for place in sorted(blocks(cell.source))]
        elif cell.cell_type == "code":
            code += [place.text for place in sorted(strings(cell.source)) if read(place.text)]
    return texts, code


def read(text: str) -> bool:
    """Whether a string of a notebook is read: a sentence, or a word that is no name."""
    word = re.fullmatch(r"[a-z]+|[A-Z][a-z]+", text) and text not in PROGRAMS
    return is_prose(text) or bool(word)


def of_module(source: str) -> list[str]:
    """The messages of a module, and the names of its settings, which label their controls."""
    found, nodes = [], list(ast.walk(ast.parse(source)))
    skip = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}  # docstrings
    skip |= {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.Attribute) and node.attr == "split":
            skip.add(id(node.value))
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "changed":
            skip |= set(map(id, ast.walk(node.value)))  # the study of the worlds names them, too
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "namedtuple":
            skip |= set(map(id, node.args))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "tell":
            found.append(language.message(node.args[0]))
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "MARKS":
            found += map(language.message, node.value.elts)
        found += setting_names(node)
    texts = [language.message(node) for node in nodes if id(node) not in skip]
    return [text for text in found + list(filter(is_prose, texts)) if text]


def setting_names(node) -> list[str]:
    """Names that label a control: fields of a configuration, choices of a picture."""
    called = ast.unparse(node.value.func) if isinstance(getattr(node, "value", 0), ast.Call) else ""
    if isinstance(node, ast.AnnAssign) and called in ("setting", "switch"):
        return [node.target.id.replace("_", " ")]
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "explore":
        names = [keyword.arg for keyword in node.keywords if keyword.arg]
        return [name.replace("_", " ") for name in names if name not in ("world", "rows")]
    return []


def names(code: str) -> list[str]:
    """The names that label controls in the cells of a notebook."""
    return [name for node in ast.walk(ast.parse(code)) for name in setting_names(node)]


def of_script(source: str) -> list[str]:
    """The messages of a script of the front end."""
    found = []
    for place in language.SCRIPT.finditer(source):
        if place[0][0] not in '"`':
            continue
        number = iter(range(99))
        text = language.INSERTED.sub(lambda _, n=number: f"{{{next(n)}}}", place[0][1:-1])
        word = re.fullmatch("[A-Z][a-z]+|CSV", text) and text not in PROGRAMS
        code = re.search(r": \{\d\};|hsl|px|-(control|tries)|near one", text)
        word = word and "game" not in source  # there a button's word is what it sends
        if not code and (word or is_prose(text)):
            found.append(text)
    return found


def of_book(text: str) -> list[str]:
    """The sentences of the exercise book: hints, mistakes, reasons, units, titles, advice."""
    found = []
    for key, said in yaml.safe_load(text).items():
        found += [key] * ("; it returned" in key)  # advice on a sentence of the course
        parts = said.values() if isinstance(said, dict) else [said]
        names = list(said) if isinstance(said, dict) else ["title"]
        for name, part in zip(names, parts, strict=True):
            if name in ("hints", "mistakes"):
                found += part if name == "hints" else part.values()
            elif name in ("why", "unit", "title"):
                found.append(part)
    return found
