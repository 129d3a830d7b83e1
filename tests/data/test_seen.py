"""Teachers of other senses say what they would do where students of notebook 13 are."""

import numpy as np
import seen
import torch

from course_utils.envs import make_envs
from course_utils.learn.pixels import HEIGHT, PIXELS, WIDTH
from course_utils.networks import QNetwork


def test_teachers_tell_what_they_would_do_in_the_states_behind_the_pictures():
    teachers = QNetwork(2, 4, 2, width=8, generator=torch.Generator().manual_seed(0))
    answers = seen.play_and_ask(None, teachers, 40, seed=5)
    pictures, values = (torch.cat(part, 1) for part in zip(*answers, strict=True))
    assert pictures.shape == (2, 64, 2 * HEIGHT * WIDTH) and pictures.dtype == torch.uint8
    many, met = make_envs(PIXELS, 16), []
    observation, _ = many.reset(seed=5)
    for number in range(40):
        state = torch.tensor(many.state.T, dtype=torch.float32).view(2, 8, 4)
        q = teachers(state).detach()
        if number % 5 == 0:
            met.append((torch.tensor(observation).view(2, 8, -1), q))
        observation, *_ = many.step(q.argmax(-1).numpy().ravel())
    for found, wanted in zip((pictures, values), zip(*met, strict=True), strict=True):
        torch.testing.assert_close(found, torch.cat(wanted, 1))
    blind = seen.play_and_ask(lambda at: np.zeros(at.shape[:2], int), teachers, 40, 5)
    assert len(blind) == 8 and not torch.equal(blind[1][0], answers[1][0])
