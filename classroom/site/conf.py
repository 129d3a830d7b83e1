"""How Sphinx makes the site: from README, docs and notebooks, where they stand."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

project = "The life of a Q-learning agent"
author = copyright = "the authors of the course"
root_doc = "README"
include_patterns = [
    "README.md",
    "CONTRIBUTING.md",
    "data/README.md",
    "docs/*.md",
    "notebooks/*.ipynb",
]
exclude_patterns = [".*", "build", "runs", "**.ipynb_checkpoints"]
extensions = ["myst_nb", "classroom.site.stored", "classroom.site.words", "classroom.site.pages"]

nb_execution_mode = "off"  # what is stored is shown
nb_ipywidgets_js = {}
nb_render_markdown_format = "gfm"  # as JupyterLab reads what a cell displays, tables too
myst_enable_extensions = ["amsmath", "dollarmath"]
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
suppress_warnings = ["mystnb.unknown_mime_type", "myst.header"]

language = "en"
locale_dirs = ["course_utils/locale"]  # of the source folder; classroom.translate writes it
gettext_compact = False

html_theme = "sphinx_book_theme"
html_title = project
html_theme_options = {
    "footer_content_items": "",
    "home_page_in_toc": True,
    "navbar_persistent": [],
    "navigation_with_keys": False,
    "pygments_dark_style": "a11y-high-contrast-dark",
    "pygments_light_style": "a11y-high-contrast-light",
    "show_toc_level": 2,
    "use_download_button": True,
    "use_fullscreen_button": False,
}
html_context = {"default_mode": "auto"}
html_static_path = ["static"]
html_css_files = ["view.css", "site.css"]
html_js_files = [("site.js", {"defer": ""})]
html_show_search_summary = False  # it would be fetched, which pages from a folder may not do
mathjax_path = "tex-svg.js"
mathjax3_config = {"options": {"enableMenu": False}}
