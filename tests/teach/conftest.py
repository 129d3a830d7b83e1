"""An expert that balances CartPole for a while, and what it has shown."""

import pytest

from course_utils.evaluation import record_episodes
from course_utils.teach.demonstrations import memory_of


@pytest.fixture(scope="session")
def leaning():
    """Push the cart to where its pole leans, and falls."""
    return lambda observation: (observation[..., 2] + observation[..., 3] > 0).astype(int)


@pytest.fixture(scope="session")
def shown(leaning):
    """Its episodes, which must not be changed."""
    return record_episodes(leaning, "CartPole-v1", seeds=1, episodes=12, seed=3)[0]


@pytest.fixture
def memory(shown):
    """Four of them for each of two seeds, and room for more."""
    return memory_of([shown[:4], shown[4:8]], spare=100)
