"""A hub that is started for tests and benchmarks, and learners who come to it without a browser."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import requests
import websocket

from tests.browser.lab import free_port

ROOT = Path(__file__).parents[2]
PROXY = Path(sys.prefix) / "hub/node_modules/.bin/configurable-http-proxy"
# Learners have to reach Python. Where it lies in a home that nobody else may enter, this hub sees
# another folder in the place of that home, with nothing in it but the way to Python.
OPENED = """mkdir "$2" && mount --bind "$1" "$2" && mount -t tmpfs -o mode=755 none "$HOME" &&
mkdir -p "$1" && mount --bind "$2" "$1" && shift 2 && exec "$@"
"""


def command(place: Path, learners: Path) -> list[str]:
    start = [sys.executable, "-m", "classroom.hub", str(learners)]
    python, home = Path(sys.executable).resolve().parents[1], Path.home()
    if os.geteuid() or home not in python.parents or home.stat().st_mode & 1:
        return start
    aside = str(place / "python")
    return ["unshare", "--mount", "sh", "-c", OPENED, "sh", str(python), aside, *start]


@contextlib.contextmanager
def hub(*names):
    """Start a hub. Yields its address, its folder, and the passwords of all accounts."""
    place = Path(tempfile.mkdtemp(prefix="hub-"))
    place.chmod(0o755)
    (place / "learners.txt").write_text("\n".join(names), encoding="utf-8")
    address = f"http://127.0.0.1:{free_port()}"
    there = {"COURSE_HUB": str(place), "COURSE_HUB_URL": address, "PYTHONUNBUFFERED": "1"}
    start, log = command(place, place / "learners.txt"), place / "log"
    with open(log, "w", encoding="utf-8") as out:
        run = subprocess.Popen(start, cwd=ROOT, env=os.environ | there, stdout=out, stderr=out)
    try:
        for _ in range(600):
            with contextlib.suppress(requests.ConnectionError):
                if requests.get(f"{address}/hub/api/", timeout=10).ok:
                    break
            if run.poll() is not None:
                break
            time.sleep(0.2)
        said = log.read_text(encoding="utf-8")
        assert run.poll() is None, said
        yield address, place, dict(re.findall(r"(?m)^([\w-]+) +([a-z0-9]{10})$", said))
    finally:
        run.send_signal(signal.SIGTERM)  # the hub stops the learners' servers, then its proxy
        run.wait(60)
        shutil.rmtree(place, ignore_errors=True)


class Learner:
    """Somebody who logs in; files and kernels of the own server."""

    def __init__(self, address: str, name: str, password: str):
        self.address, self.name, self.session = address, name, requests.Session()
        self.session.get(f"{address}/hub/login")
        data = {"username": name, "password": password, "_xsrf": self.token("/hub/")}
        self.came = self.session.post(f"{address}/hub/login", data=data)

    def token(self, path: str) -> str:
        """The cookie against forged requests, of the hub or of a server."""
        cookies = [x for x in self.session.cookies if x.name == "_xsrf" and x.path == path]
        return cookies[0].value if cookies else ""

    def start(self) -> None:
        """Start the own server, and wait until it answers."""
        for _ in range(600):
            page = self.session.get(f"{self.address}/hub/spawn/{self.name}")
            page = self.session.get(f"{self.address}/user/{self.name}/lab")
            if page.ok and page.url.startswith(f"{self.address}/user/{self.name}/"):
                return
            time.sleep(0.5)
        raise TimeoutError(f"the server of {self.name} does not start: {page.status_code}")

    def ask(self, method: str, path: str, of: str = "", **what):
        """Ask a server's API, by default the own one."""
        place = f"/user/{of or self.name}/"
        headers = {"X-XSRFToken": self.token(place)}
        return self.session.request(
            method, f"{self.address}{place}api/{path}", headers=headers, **what
        )

    def kernel(self, path: str):
        """Start a kernel for a notebook; a function that runs code there and returns its output."""
        wanted = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
        made = self.ask("POST", "sessions", json=wanted).json()
        url = f"{self.address}/user/{self.name}/api/kernels/{made['kernel']['id']}/channels"
        jar = "; ".join(f"{x.name}={x.value}" for x in self.session.cookies)
        socket = websocket.create_connection(
            url.replace("http", "ws", 1), cookie=jar, timeout=1200, origin=self.address
        )

        def run(code: str) -> str:
            number, said = uuid.uuid4().hex, []
            header = {"msg_id": number, "msg_type": "execute_request", "version": "5.3"}
            header |= {"session": number, "username": self.name}
            content = {"code": code, "silent": False, "store_history": False}
            content |= {"user_expressions": {}, "allow_stdin": False, "stop_on_error": True}
            parts = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
            socket.send(json.dumps(parts | {"channel": "shell", "buffers": []}))
            while True:
                answer = socket.recv()
                if isinstance(answer, bytes):  # what widgets send along
                    continue
                answer = json.loads(answer)
                if answer["parent_header"].get("msg_id") != number:
                    continue
                told = answer["content"]
                if answer["msg_type"] == "stream":
                    said.append(told["text"])
                if answer["msg_type"] == "error":
                    raise RuntimeError(f"{told['ename']}: {told['evalue']}")
                if answer["msg_type"] == "status" and told["execution_state"] == "idle":
                    return "".join(said)

        return run
