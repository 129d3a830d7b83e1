"""CartPole as pictures, networks that look at them, memory in bytes, and shifts."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env
from torch.nn import functional as F

from course_utils import storage
from course_utils.distil.ship import plain_network
from course_utils.envs import make_envs, play
from course_utils.evaluation import mean_returns
from course_utils.learn.pixels import (
    HEIGHT,
    PIXELS,
    WIDTH,
    PixelNetwork,
    SeedConv,
    convolve,
    picture,
    shift,
)
from course_utils.learner import DQNConfig, Parts
from course_utils.networks import QNetwork
from course_utils.replay import ReplayBuffer
from course_utils.train import make_learner, train_dqn

TINY = {"steps": 400, "learning_starts": 64, "replay_capacity": 300, "environments": 4}


def pictures(*states):
    """Pictures of carts at (x, speed, angle, turning), without colour: [n, H, W]."""
    return picture(np.array(states, float).T)


def stream(seed=0):
    """A random stream."""
    return torch.Generator().manual_seed(seed)


def random_observations(*lead, frames=2):
    """Bytes of that many frames."""
    size = (*lead, frames * HEIGHT * WIDTH)
    return torch.randint(0, 256, size, dtype=torch.uint8, generator=stream())


def test_gymnasium_accepts_it():
    check_env(gym.make(PIXELS).unwrapped, skip_render_check=True)
    shown = gym.make(PIXELS, render_mode="rgb_array")
    shown.reset(seed=0)
    assert shown.render().shape == (160, 480, 3) and shown.render().dtype == np.uint8
    with pytest.raises(ValueError, match="frames = 9: must be a whole number between 1 and 4"):
        make_envs(PIXELS, 2, frames=9)


def test_many_copies_are_as_many_single_ones():
    many, ones = make_envs(PIXELS, 3), [gym.make(PIXELS) for _ in range(3)]
    many.reset(seed=4)
    for k, one in enumerate(ones):
        one.reset(seed=0)
        one.unwrapped.one.state = many.state[:, [k]].copy()
        one.unwrapped.one.seen = many.seen[[k]].copy()
    rng = np.random.default_rng(0)
    for _ in range(8):
        action = rng.integers(2, size=3)
        seen, reward, terminated, *_ = many.step(action)
        for k, one in enumerate(ones):
            alone, paid, ended, *_ = one.step(int(action[k]))
            assert (alone == seen[k]).all() and paid == reward[k] and ended == terminated[k]


def test_it_is_the_cart_pole_of_gymnasium_and_ends_where_that_ends():
    ours, theirs = make_envs(PIXELS, 4), make_envs("CartPole-v1", 4)
    ours.reset(seed=1), theirs.reset(seed=1)
    rng = np.random.default_rng(1)
    for _ in range(100):
        action = rng.integers(2, size=4)
        [_, *paid, _], [state, *wanted, _] = ours.step(action), theirs.step(action)
        assert all((a == b).all() for a, b in zip(paid, wanted, strict=True))
        assert (ours.seen[:, -1] == picture(state.T)).mean() > 0.999  # float32 rounds a few greys
    for each in (ours, theirs):
        each.reset(seed=2)
        each.steps[:] = 499
    assert ours.step(np.ones(4, int))[3].all() and theirs.step(np.ones(4, int))[3].all()


def test_pictures_are_bytes_with_soft_edges():
    still, a_little, turned, moved = pictures(
        (0, 0, 0, 0), (0.01, 0, 0, 0), (0, 0, 0.1, 0), (1, 0, 0, 0)
    )
    assert still.shape == (HEIGHT, WIDTH) and still.dtype == np.uint8
    assert still.max() == 255 and (still == 0).mean() > 0.8
    assert ((still > 0) & (still < 255)).any(), "an edge is grey"
    assert (still != a_little).any() and abs(still.astype(int) - a_little).max() < 64
    column = np.arange(WIDTH)
    centre = [
        (p * column).sum(-1)[2:18] / p.sum(-1)[2:18] for p in np.float64([still, turned, moved])
    ]
    np.testing.assert_allclose(centre[2] - centre[0], 12, atol=0.02)  # a metre is 12 pixels
    assert (np.diff(centre[1] - centre[0])[:12] < 0).all(), "the pole leans to the right"
    assert (still == still[:, ::-1]).all(), "what stands upright is the same in a mirror"


def test_speeds_are_not_seen_in_one_frame_but_in_two():
    slow, fast = pictures((0.3, 0, 0.05, 0), (0.3, 1, 0.05, -2))
    assert (slow == fast).all()
    many = make_envs(PIXELS, 2)
    many.reset(seed=0)
    many.state[:] = np.array([[0.3, 0, 0.05, 0], [0.3, 1, 0.05, -2]]).T
    for _ in range(2):
        seen, *_ = many.step(np.zeros(2, int))
    before, now = seen.reshape(2, 2, -1).swapaxes(0, 1)
    assert (before[0] != before[1]).any() and (now[0] != now[1]).any()


def test_a_fresh_episode_sees_nothing_of_the_one_before():
    many = make_envs(PIXELS, 6)
    seen, _ = many.reset(seed=0)
    fresh = np.ones(6, bool)
    for _ in range(120):
        before, now = seen.reshape(6, 2, -1).swapaxes(0, 1)
        assert (before[fresh] == now[fresh]).all()
        fresh = many.prev_done.copy()
        seen, *_ = many.step(np.ones(6, int))
        if fresh.any():  # both are of its own start
            assert (seen.reshape(6, 2, HEIGHT, WIDTH)[fresh, 0] == picture(many.state)[fresh]).all()


def test_convolutions_are_those_of_pytorch_seed_by_seed():
    layer, x = SeedConv(3, 2, 5, 3, 2, stream()), torch.randn(3, 4, 2, 9, 11, generator=stream())
    alone = [F.conv2d(x[s], layer.weight[s], layer.bias[s], 2) for s in range(3)]
    torch.testing.assert_close(layer(x), torch.stack(alone))
    assert layer.weight.abs().max() <= (2 * 9) ** -0.5


def test_a_network_is_that_of_pytorch_and_no_seed_feels_another():
    network, seen = PixelNetwork(3, generator=stream()), random_observations(3, 4)
    x = seen[1].float().view(4, 2, HEIGHT, WIDTH) / 255
    for layer in network.convolutions:
        x = F.relu(F.conv2d(x, layer.weight[1], layer.bias[1], 2))
    x = x.flatten(1) @ network.hidden[0].weight[1] + network.hidden[0].bias[1]
    q = F.relu(F.layer_norm(x, (64,))) @ network.head.weight[1] + network.head.bias[1]
    torch.testing.assert_close(network(seen)[1], q)
    torch.testing.assert_close(network.choose([1])(seen[[1]])[0], q)
    network(seen)[1].sum().backward()
    for parameter in network.parameters():
        assert not parameter.grad[0].any() and not parameter.grad[2].any()
    assert network.parameters_of_one() == 408 + 1168 + 40_000 + 130
    with pytest.raises(ValueError, match="2000 pixels: a picture has 1200"):
        PixelNetwork(1, 2000)
    with pytest.raises(ValueError, match="`observation` must be"):
        network(seen[..., :1200])


def test_agents_are_saved_and_loaded_as_what_they_are(tmp_path):
    network, seen = PixelNetwork(2, filters=(4, 8), dueling=True), random_observations(2, 3)
    storage.save_agent(tmp_path / "a.safetensors", network, {"environment": PIXELS, "parent": None})
    again, card = storage.load_agent(tmp_path / "a.safetensors", PixelNetwork)
    assert torch.equal(again(seen), network(seen)) and card["environment"] == PIXELS
    with pytest.raises(ValueError, match="holds a PixelNetwork: ask for it"):
        storage.load_agent(tmp_path / "a.safetensors")


def test_a_memory_keeps_bytes_as_bytes_and_floats_as_floats():
    memory = make_learner(DQNConfig(**TINY), PIXELS, seeds=2).replay
    row = {"action": torch.ones(8), "reward": torch.ones(8), "terminated": torch.zeros(8)}
    row |= {"done": torch.zeros(8)}
    seen = random_observations(8)
    memory.add(torch.ones(8, dtype=bool), observation=seen, next_observation=255 - seen, **row)
    batch = memory.sample(1, 1, 0.9, stream())
    assert batch.observation.dtype == batch.next_observation.dtype == torch.uint8
    assert torch.equal(memory.observation[memory.first_slot], seen)
    assert memory.next_observation.nbytes == 2 * 300 // 4 * 4 * 2400
    with pytest.raises(ValueError, match="this memory holds bytes"):
        memory.add(torch.ones(8, dtype=bool), observation=seen.float(), **row)
    assert ReplayBuffer(1, 1, 10, 4).observation.dtype == torch.float32


def test_pictures_reach_the_memory_in_bytes_and_the_agent_learns(monkeypatch):
    step = next(play(lambda seen: np.zeros(seen.shape[:2], int), PIXELS, 2, 3))
    assert step.observation.dtype == step.next_observation.dtype == np.uint8
    learner = make_learner(DQNConfig(**TINY), PIXELS, 2, network=PixelNetwork(2))
    assert learner.network.arguments["filters"] == [8, 16]
    network = PixelNetwork(2, 1200, generator=stream())
    start = network.head.weight.clone()
    *_, last = train_dqn(DQNConfig(**TINY), PIXELS, 2, network=network, frames=1)
    assert (last.network.head.weight != start).any() and last.loss.shape == (2,)
    assert mean_returns(last.network, PIXELS, 2, frames=1).shape == (2,)


def test_no_large_network_is_made_beside_the_one_that_is_given(monkeypatch):
    sizes = []
    monkeypatch.setattr(
        "course_utils.train.QNetwork", lambda *size, **_: sizes.append(size) or QNetwork(*size)
    )
    make_learner(DQNConfig(**TINY), PIXELS, 2, network=PixelNetwork(2))
    assert sizes[0][3] == 1  # unit wide


@pytest.mark.parametrize("most", [1, 3])
def test_a_shift_moves_all_frames_alike_and_repeats_the_border(most):
    seen = random_observations(2, 40)
    moved = shift(seen, most, stream(1)).view(2, 40, 2, HEIGHT, WIDTH)
    assert moved.dtype == torch.uint8
    frames = seen.view(2, 40, 2, HEIGHT, WIDTH).float()
    padded = F.pad(frames.flatten(0, 1), [most] * 4, "replicate")
    found = set()
    for each, wide in zip(moved.flatten(0, 1), padded, strict=True):
        places = [
            (y, x)
            for y in range(2 * most + 1)
            for x in range(2 * most + 1)
            if torch.equal(wide[:, y : y + HEIGHT, x : x + WIDTH].byte(), each)
        ]
        assert len(places) == 1  # of its own picture, by at most so many pixels
        found |= {*places}
    assert len(found) > 3 * most


def test_what_is_learned_from_is_augmented_and_nothing_else():
    seen = []

    def dark(observation):
        seen.append(observation.dtype)
        return torch.zeros_like(observation)

    learner = make_learner(
        DQNConfig(**TINY), PIXELS, 1, network=PixelNetwork(1), parts=Parts(augment=dark)
    )
    row = {"action": torch.ones(4), "reward": torch.ones(4), "terminated": torch.zeros(4)}
    whole = random_observations(4)
    row |= {"done": torch.zeros(4), "observation": whole, "next_observation": whole}
    for _ in range(20):
        learner.replay.add(torch.ones(4, dtype=bool), **row)
    batch = learner.draw()
    assert batch.observation.any()
    learner.update(batch)
    assert seen == [torch.uint8] * 2
    with_sight = learner.network.convolutions[0].weight.grad
    assert not with_sight.any(), "in the dark no filter learns"
    narrow = Parts(augment=lambda observation: observation[..., :10])
    learner.parts = narrow
    with pytest.raises(ValueError, match="`augment` must return"):
        learner.update(batch)


def test_a_convolution_by_hand_is_that_of_pytorch():
    x, w = torch.randn(3, 1, 7, 9, generator=stream()), torch.randn(3, 3, generator=stream(1))
    for step in (1, 2):
        torch.testing.assert_close(convolve(x, w, step), F.conv2d(x, w[None, None], stride=step))


def test_what_needs_plain_layers_says_so():
    with pytest.raises(ValueError, match="no plain layers .PixelNetwork."):
        plain_network(PixelNetwork(1))
