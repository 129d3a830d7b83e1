"""JupyterHub for one machine and one class; `python -m classroom.hub` starts it."""

import os
import sys
from pathlib import Path

import nativeauthenticator
from jupyterhub.utils import random_port

from classroom.hub.learner import Learner

ROOT = Path(__file__).resolve().parents[2]
PLACE = Path(os.environ["COURSE_HUB"])
BIN = Path(sys.executable).parent

c = get_config()  # noqa: F821
c.JupyterHub.bind_url = os.environ.get("COURSE_HUB_URL") or "http://127.0.0.1:8000"
c.JupyterHub.hub_port = random_port()  # inside the machine, as the proxy's
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{random_port()}"
c.JupyterHub.ssl_cert = os.environ.get("COURSE_HUB_CERT", "")
c.JupyterHub.ssl_key = os.environ.get("COURSE_HUB_KEY", "")
c.JupyterHub.db_url = f"sqlite:///{PLACE}/state/hub.sqlite"
c.JupyterHub.cookie_secret_file = f"{PLACE}/state/cookie_secret"
c.ConfigurableHTTPProxy.pid_file = f"{PLACE}/state/proxy.pid"
proxy = BIN.parent / "hub" / "node_modules" / ".bin" / "configurable-http-proxy"
c.ConfigurableHTTPProxy.command = [str(proxy)]

c.JupyterHub.authenticator_class = nativeauthenticator.NativeAuthenticator
c.JupyterHub.template_paths = [f"{Path(nativeauthenticator.__file__).parent}/templates/"]
c.Authenticator.allow_all = True  # all whom the teacher has approved
c.Authenticator.admin_users = {"teacher"}
c.Authenticator.username_pattern = r"[a-z0-9][a-z0-9_-]{0,30}"  # also names of folders
c.NativeAuthenticator.minimum_password_length = 8
c.NativeAuthenticator.check_common_password = True
c.NativeAuthenticator.allowed_failed_logins = 5
c.NativeAuthenticator.seconds_before_next_try = 60

c.JupyterHub.spawner_class = Learner
c.SimpleLocalProcessSpawner.home_dir_template = f"{PLACE}/homes/{{username}}"
c.Spawner.cmd = [sys.executable, str(Path(__file__).with_name("start.py"))]
c.Spawner.default_url = "/lab/tree/course/notebooks"
c.Spawner.environment = {
    "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    "COURSE_EDITION": f"{PLACE}/student",
    "PYTHONPATH": f"{PLACE}/student",
    "COURSE_RUNS": "~/course/runs",
    "OMP_NUM_THREADS": "1",  # learners share the processors
}
c.Spawner.args = [
    "--MappingKernelManager.cull_idle_timeout=3600",  # nobody looks at it: its memory is freed
    "--KernelManager.transport_encryption=auto",  # learners share the machine's sockets
]
c.Spawner.start_timeout = c.Spawner.http_timeout = 300  # when thirty come at once
