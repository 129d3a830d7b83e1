"""Links between glossary and chapters: a word's first use, and the place that explains it."""

import re
import unicodedata

from docutils import nodes

GLOSSARY = "docs/glossary"
# Words of everyday English, too: linked only where they stand in bold or in italics.
EVERYDAY = re.compile(
    "arm|claim|control|features|head|label|live|merge|promise|rank|reach|record|reset|sample"
    "|shipped|student|target|teacher|transfer|value|vote"
)


def setup(app):
    app.connect("doctree-resolved", link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def link(app, tree, name: str) -> None:
    """Add the links of a page."""
    if app.builder.format != "html":
        return
    if name == GLOSSARY:
        link_entries(app, tree)
    elif name.startswith("notebooks/"):
        to = app.builder.get_relative_uri(name, GLOSSARY)
        link_words(tree, rows(app.env.get_doctree(GLOSSARY)), to)


def rows(tree) -> dict[str, nodes.row]:
    """Words of the glossary → their rows; symbols are no words."""
    found = {}
    for row in tree.findall(nodes.row):
        if bold := next(row.children[0].findall(nodes.strong), None):
            found[bold.astext()] = row
    return found


def anchor(word: str) -> str:
    return "word-" + re.sub(r"\W+", "-", word.lower().replace("ε", "epsilon")).strip("-")


def forms(word: str) -> list[str]:
    """How a word can stand in a text: "a (b)" as a and as b; "a, b" as b a."""
    outside, _, inside = word.rstrip(")").partition(" (")
    turned = " ".join(reversed(outside.split(", ")))
    return [turned, inside] if inside else [turned]


def pattern(word: str) -> re.Pattern:
    """Finds a word, in the plural too, at the beginning of a sentence too."""
    each = [re.escape(form) for form in forms(word)]
    if EVERYDAY.fullmatch(word):  # *Reset* is a button
        return re.compile(rf"\b{word}s?\b")
    each = [re.sub("^[a-z]", lambda first: f"[{first[0].upper()}{first[0]}]", one) for one in each]
    return re.compile(rf"(?<![\w-])(?:{'|'.join(each)})s?(?![\w-])")


def texts(tree):
    """The texts in which words are linked: prose, without titles, code, maths and links."""
    apart = nodes.title, nodes.reference, nodes.literal, nodes.math, nodes.literal_block, nodes.raw
    for text in list(tree.findall(nodes.Text)):
        above = text.parent
        while above is not None and not isinstance(above, (*apart, nodes.container)):
            above = above.parent
        if above is None:
            yield text


def marked(text) -> bool:
    return isinstance(text.parent, nodes.strong | nodes.emphasis)


def link_words(tree, words: dict, to: str) -> None:
    """Link the first use of each word of the glossary, of a longer word before one inside it."""
    waiting = {word: pattern(word) for word in sorted(words, key=len, reverse=True)}
    for text in texts(tree):
        pieces = [text]
        for word in list(waiting):
            if EVERYDAY.fullmatch(word) and not marked(text):
                continue
            for place, piece in enumerate(pieces):
                if isinstance(piece, nodes.Text) and (found := waiting[word].search(piece)):
                    page = nodes.reference("", found[0], refuri=f"{to}#{anchor(word)}")
                    page["classes"] = ["course-word"]
                    page["internal"] = True
                    around = nodes.Text(piece[: found.start()]), nodes.Text(piece[found.end() :])
                    pieces[place : place + 1] = [around[0], page, around[1]]
                    del waiting[word]
                    break
        if len(pieces) > 1:
            text.parent.replace(text, [piece for piece in pieces if piece.astext()])


def link_entries(app, tree) -> None:
    """Give each word its anchor; its numbers of notebooks lead to the sections that explain it."""
    trees = {}
    for word, row in rows(tree).items():
        row.children[0]["ids"].append(anchor(word))
    for row in tree.findall(nodes.row):
        for page in row.findall(nodes.reference):
            name = page.get("refuri", "").removeprefix("../").removesuffix(".html")
            if name not in app.env.found_docs:
                continue
            chapter = trees.setdefault(name, app.env.get_doctree(name))
            if section := explained(chapter, row.children[0]):
                page["refuri"] += "#" + section["ids"][0]
                number = section.next_node(nodes.title).astext().split()[0]
                if re.fullmatch(r"\d+\.\d+", number):
                    page.children = [nodes.Text(number)]


def in_latex(symbol: str) -> str:
    """A pattern that finds it in a formula: a Greek letter by its name."""
    kind, _, letter = unicodedata.name(symbol[-1]).partition(" LETTER ")
    name = {"GREEK SMALL": letter.lower(), "GREEK CAPITAL": letter.capitalize()}.get(kind)
    return rf"\\{name}" if name else re.escape(symbol)


def explained(chapter, entry) -> nodes.section | None:
    """The section where a word is marked first, else used first; where a symbol is in a formula."""
    if bold := next(entry.findall(nodes.strong), None):
        find = pattern(bold.astext())
        uses = [text for text in texts(chapter) if find.search(text)]
        uses = [text for text in uses if marked(text)] or uses
    else:
        symbol = entry.astext()[: 2 if entry.astext()[0] == "[" else 1]
        find = re.compile(rf"(?<![A-Za-z\\]){in_latex(symbol)}(?![A-Za-z])")
        uses = [*chapter.findall(nodes.math), *chapter.findall(nodes.math_block)]
        uses = [formula for formula in uses if find.search(formula.astext())]
        uses += [text for text in chapter.findall(nodes.Text) if symbol in text.split()]
    above = uses[0].parent if uses else None
    while above is not None and not isinstance(above, nodes.section):
        above = above.parent
    return above
