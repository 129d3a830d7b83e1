"""A learner's server on the hub's own machine: as whom it runs, and within which limits."""

import os
import resource
from pathlib import Path

from jupyterhub.spawner import SimpleLocalProcessSpawner

MEMORY = int(float(os.environ.get("COURSE_HUB_GB") or 3) * 2**30)  # bytes a process
FIRST_NUMBER = 70_000  # above the user numbers that systems give away
PROCESSES = 500  # and threads, of one learner


class Learner(SimpleLocalProcessSpawner):
    """A learner's server. A hub of root's gives each learner a user number of its own.

    The number is that of the owner of the home folder, so it stays with the folder. It needs no
    account on the machine.
    """

    def number(self) -> int:
        """The learner's user number; the home is made if it is missing."""
        home = Path(self.home_dir)
        if not home.exists():
            home.mkdir(0o700)
            if os.geteuid() == 0:
                given = [path.stat().st_uid for path in home.parent.iterdir()]
                number = max([FIRST_NUMBER - 1, *given]) + 1
                os.chown(home, number, number)
        number = home.stat().st_uid
        if os.geteuid() == 0 and number < FIRST_NUMBER:
            told = f"give it a number of its own from {FIRST_NUMBER} on, by chown -R"
            raise PermissionError(f"{home} belongs to user {number}: {told}")
        return number

    def make_preexec_fn(self, name):
        home, number, root = self.home_dir, self.number(), os.geteuid() == 0

        def become_the_learner():
            os.umask(0o077)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
            if root:
                resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))
                os.setgroups([])
                os.setgid(number)
                os.setuid(number)
            os.chdir(home)

        return become_the_learner
