"""What controls are made of: buttons, a job in the background, the still that is left of them."""

import asyncio
import html
import io
import re
import signal
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable
from contextlib import suppress

import ipywidgets
from IPython import get_ipython
from IPython.display import HTML, display
from PIL import Image

# JupyterLab hides the still of live controls, and of dead ones what is left above their still.
# Without styles it is seen, but for its picture, as the widget's own output has it there; in
# other programs that run widgets never.
STILL = """<style>
.course-still { display: none }
.course-still img { display: inline !important }
.jp-OutputArea-child:not(:has(.widget-box)) + * .course-still { display: block }
.jp-OutputArea-child:not(:has(.widget-box)):has(+ * .course-still) { display: none }
</style><div class="course-still">%s<p><em>Run this cell again to wake the controls.</em></p></div>
"""


def pictures(widget: ipywidgets.Widget) -> dict[str, str]:
    """The picture that a widget or the last of its children shows: its type → it in base 64."""
    found = dict(p for child in getattr(widget, "children", ()) for p in pictures(child).items())
    shown = "value" if isinstance(widget, ipywidgets.Image) else "picture"
    if picture := bytes(getattr(widget, shown, b"")):
        kind = "jpeg" if picture.startswith(b"\xff") else "png"
        found[f"image/{kind}"] = b64encode(picture).decode()
    return found


def width(data: str) -> int:
    """At which a picture in base 64 is shown: figures have 180 dots an inch, to be sharp."""
    picture = Image.open(io.BytesIO(b64decode(data)))
    return picture.width * 90 // round(picture.info.get("dpi", [90])[0])


def sentence(widget: ipywidgets.Widget) -> str:
    """The last sentence that a widget and its children show, or ""."""
    lines = [sentence(child) for child in getattr(widget, "children", ())]
    value = getattr(widget, "value", "")
    lines.append(html.unescape(re.sub("<[^>]*>", "", value)) if isinstance(value, str) else "")
    return next((line for line in reversed(lines) if line), "")


def still(widget: ipywidgets.Widget) -> str:
    """What a widget shows, as HTML that needs no kernel: pictures, sentences, choices."""
    children = getattr(widget, "children", ())
    value, lines = getattr(widget, "value", ""), [*map(still, children)]
    image, picture = isinstance(widget, ipywidgets.Image), {} if children else pictures(widget)
    for kind, data in picture.items():
        size = f'width="{width(data)}" style="display: none"'
        lines.append(f'<img alt="" {size} src="data:{kind};base64,{data}">')
    if isinstance(widget, ipywidgets.RadioButtons):
        lines = [("● " if one == value else "○ ") + html.escape(str(one)) for one in widget.options]
    elif isinstance(widget, ipywidgets.HTML):
        lines.append(value)
    elif picture and not image:
        lines.append(html.escape(value))
    return "".join(f"<div>{line}</div>" for line in lines if line)


class Still(HTML):
    """A still of a widget; its sentence alone for programs that leave out HTML."""

    def __init__(self, widget: ipywidgets.Widget):
        super().__init__(STILL % still(widget))
        self.sentence = sentence(widget)

    def _repr_markdown_(self):
        return self.sentence


class Panel(ipywidgets.VBox):
    """Widgets that leave a still of themselves: it is seen when their kernel has ended.

    A cell that runs again closes the panels of its run before, and so lets go of what they hold.
    """

    _shown, _still = {}, None  # panel → its cell, and which run of it

    def _ipython_display_(self):
        asked = {"metadata": {}, "content": {}, "header": {}}
        asked |= getattr(get_ipython(), "parent_header", None) or {}
        cell = asked["metadata"].get("cellId") or asked["content"].get("code")
        now = self._shown[self] = cell, asked["header"].get("msg_id")
        for panel, then in list(self._shown.items()):
            if cell and then[0] == cell and then != now:
                panel.close()
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        shown = {"application/vnd.jupyter.widget-view+json": view, "text/plain": sentence(self)}
        found, alt = pictures(self), {"alt": sentence(self)}
        told = {kind: alt | {"width": width(data)} for kind, data in found.items()}
        display(shown | found, raw=True, metadata=told)
        self._still = display(Still(self), display_id=True)

    def renew(self, _=None) -> None:
        """Make the still again, after what is shown has changed."""
        if self._still:
            self._still.update(Still(self))

    def close(self) -> None:
        """Close all that it is made of, too."""
        self._shown.pop(self, None)
        parts, self._still = [self], None
        for part in parts:  # a list that grows on the way
            for made_of in (getattr(part, name) for name in part.keys):
                several = made_of if isinstance(made_of, tuple) else (made_of,)
                parts += [one for one in several if isinstance(one, ipywidgets.Widget)]
        self.children = ()  # IPython may remember the panel itself, as the value of a cell
        for part in parts[1:]:
            part.close()
        super().close()


class Background:
    """One job at a time in a thread, as a busy cell would hear neither sliders nor keys.

    A job is a function that returns soon after `should_stop` has become True; what it raises goes
    to `tell` as a sentence. A new object stops the one of its class that was made before it: after
    a cell is run again, nothing goes on unseen.
    """

    _newest = {}

    def __init__(self, tell: Callable[[str], None]):
        if before := self._newest.get(type(self)):
            before.stop()
        self._newest[type(self)] = self
        self.tell, self.thread, self.running, self.should_stop = tell, None, False, False
        self._starting = threading.Lock()
        with suppress(RuntimeError):  # there is no loop where there is no kernel
            asyncio.get_running_loop().call_soon(_heed_interrupts)

    def start(self, job: Callable[[], None]) -> None:
        """Stop the job before, wait for its end, and begin this one."""
        with self._starting:  # two impatient clicks must not start two threads
            self.stop()
            if self.thread:
                self.thread.join()
            self.running, self.should_stop = True, False
            self.thread = threading.Thread(target=self._work, args=(job,), daemon=True)
            self.thread.start()

    def stop(self) -> None:
        """Ask the job to end, without waiting for it."""
        self.should_stop = True

    def _work(self, job):
        try:
            job()
        except Exception as error:  # a thread has nobody above it to show the error
            self.tell(f"Stopped by {type(error).__name__}: {error}")
        finally:
            self.running = False


def _heed_interrupts():
    """Let an interrupt stop all jobs while no cell runs, too: the kernel ignores it then."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not yet at rest
        return asyncio.get_running_loop().call_later(0.05, _heed_interrupts)
    signal.signal(signal.SIGINT, lambda *_: [job.stop() for job in Background._newest.values()])
