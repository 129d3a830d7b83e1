"""CartPole as pictures, networks that look at them, and random shifts of what they learn from."""

import gymnasium as gym
import numpy as np
import torch
from gymnasium.envs.classic_control.cartpole import CartPoleVectorEnv
from gymnasium.vector.utils import batch_space
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.checks import check_array, check_number, check_shape, checked, in_short, need
from course_utils.networks import QNetwork

PIXELS = "CartPole-Pixels-v0"
HEIGHT, WIDTH = 20, 60
SCALE = 12.0  # pixels a metre: the track from −2.5 to 2.5
AXLE, LENGTH = 15.0, 14.0  # the row where the pole is held, and its length in rows


def picture(state: np.ndarray) -> np.ndarray:
    """The carts in these states [4, n], [n, HEIGHT, WIDTH] in grey bytes; 0 is empty.

    A pixel is as dark as it is covered: so a cart that moves by less than a pixel is seen to move.
    """
    state = check_array("state", state)
    need(state.ndim == 2 and len(state) == 4, "state must be [4, n]: a column for each cart.")
    x, angle = (state[k].astype(np.float32)[:, None, None] for k in (0, 2))
    away = np.arange(WIDTH, dtype=np.float32) - x * SCALE - (WIDTH - 1) / 2  # from the cart
    above = AXLE - np.arange(AXLE + 1, dtype=np.float32)[:, None]  # the axle
    ink = np.zeros((len(x), HEIGHT, WIDTH), np.float32)
    end = (LENGTH * np.cos(angle) + 0.5 - above).clip(0, 1)
    ink[:, : len(above)] = (1.3 - abs(away - np.tan(angle) * above)).clip(0, 1) * end
    ink[:, -4:-1] = (4 - abs(away)).clip(0, 1)
    return (255 * ink).astype(np.uint8)


class PixelPoles(CartPoleVectorEnv):
    """`num_envs` CartPoles, each seen as its last `frames` pictures, oldest first, in one row.

    A fresh episode begins with its first picture in all frames. Raises ValueError for bad `frames`.
    """

    def __init__(self, num_envs: int = 1, frames: int = 2, **arguments):
        super().__init__(num_envs, **arguments)
        self.frames = check_number("frames", frames, int, 1, 4, " (pictures seen at once)")
        size = (self.frames * HEIGHT * WIDTH,)
        self.single_observation_space = gym.spaces.Box(0, 255, size, np.uint8)
        self.observation_space = batch_space(self.single_observation_space, num_envs)

    def reset(self, *, seed: int | None = None, options=None):
        super().reset(seed=seed, options=options)
        self.seen = np.repeat(picture(self.state)[:, None], self.frames, 1)
        return self.seen.reshape(self.num_envs, -1), {}

    def step(self, action):
        """One step of all copies; a copy that was over only begins anew, with a reward of 0."""
        begins, [_, *paid] = self.prev_done, super().step(action)
        new = picture(self.state)[:, None]
        self.seen = np.concatenate([self.seen[:, 1:], new], 1)
        self.seen[begins] = new[begins]
        return self.seen.reshape(self.num_envs, -1), *paid


class PixelPole(gym.Env):
    """One of them, of which pictures can be made."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 50}

    def __init__(self, frames: int = 2, render_mode: str | None = None):
        self.render_mode, self.one = render_mode, PixelPoles(1, frames, max_episode_steps=10**9)
        self.observation_space = self.one.single_observation_space
        self.action_space = self.one.single_action_space

    def reset(self, *, seed: int | None = None, options=None):
        super().reset(seed=seed)
        return self.one.reset(seed=seed, options=options)[0][0], {}

    def step(self, action):
        [seen], [reward], [terminated], *_ = self.one.step(np.array([action]))
        return seen, float(reward), bool(terminated), False, {}

    def render(self) -> np.ndarray:
        """The newest picture, black on white, eight times as large: [160, 480, 3] in bytes."""
        newest = self.one.seen[0, -1, :, :, None]
        return np.kron(255 - newest, np.ones((8, 8, 3), np.uint8))


gym.register(PIXELS, PixelPole, max_episode_steps=500, vector_entry_point=PixelPoles)


@checked
def convolve(picture: Tensor, kernel: Tensor, stride: int = 1) -> Tensor:
    """The sum of kernel · picture wherever the kernel fits, every `stride` pixels: [..., H′, W′].

    picture: [..., H, W]; kernel: [k, k]; as in PyTorch the kernel is not turned round.
    """
    size, told = len(kernel), "kernel must be square, [k, k], and no larger than the picture."
    need(kernel.shape == (size, size) and 0 < size <= min(picture.shape[-2:]), told)
    windows = picture.unfold(-2, size, stride).unfold(-2, size, stride)  # [..., H′, W′, k, k]
    return (windows * kernel).sum((-2, -1))


class SeedConv(nn.Module):
    """S convolutions side by side, [S, B, C, H, W] → [S, B, filters, …], uniform as PyTorch's."""

    @checked
    def __init__(self, seeds: int, n_in: int, n_out: int, size: int, stride=1, generator=None):
        super().__init__()
        bound, self.stride = (n_in * size**2) ** -0.5, stride
        weight, bias = torch.empty(seeds, n_out, n_in, size, size), torch.empty(seeds, n_out)
        self.weight = nn.Parameter(weight.uniform_(-bound, bound, generator=generator))
        self.bias = nn.Parameter(bias.uniform_(-bound, bound, generator=generator))

    def forward(self, x: Tensor) -> Tensor:
        # One call for all: the seeds are groups of channels, and no group sees another.
        check_shape("x", x, (len(self.weight), *x.shape[1:2], self.weight.shape[2], *x.shape[3:]))
        channels = x.transpose(0, 1).flatten(1, 2)  # [B, S · C, H, W]
        weight, bias = self.weight.flatten(0, 1), self.bias.flatten()
        made = F.conv2d(channels, weight, bias, self.stride, groups=len(self.weight))
        return made.unflatten(1, self.bias.shape).transpose(0, 1)


class PixelNetwork(QNetwork):
    """S Q-networks that look: pictures in a row, [S, B, frames · H · W] → values [S, B, A].

    filters: how many of 5 × 5, then of 3 × 3, both with a stride of 2; `width` units follow them.
    Raises ValueError for observations that are no whole pictures.
    Source: Mnih et al. 2015 (Nature 518:529), in small.
    """

    def __init__(
        self, seeds: int, observations=2 * HEIGHT * WIDTH, actions=2, width=64, filters=(8, 16),
        layer_norm=True, dueling=False, generator=None,
    ):  # fmt: skip
        frames, rest = divmod(observations, HEIGHT * WIDTH)
        need(frames > 0 and not rest, f"{observations} pixels: a picture has {HEIGHT * WIDTH}.")
        pair = isinstance(filters, tuple | list) and len(filters) == 2
        need(pair, f"filters = {in_short(filters)}: must be two counts, as (8, 16).")
        filters = [check_number("filters", count, int, 1) for count in filters]
        units = filters[1] * 3 * 13  # what both leave of its 20 rows and 60 columns
        super().__init__(seeds, units, actions, width, 1, layer_norm, dueling, None, generator)
        del self.arguments["hidden_layers"]
        self.arguments |= {"observations": observations, "filters": filters}
        self.observation_scale = torch.tensor(1 / 255)
        sizes = (frames, filters[0], 5), (*filters, 3)
        self.convolutions = nn.ModuleList(SeedConv(seeds, *size, 2, generator) for size in sizes)

    def maps(self, observation: Tensor) -> list[Tensor]:
        """The pictures, then what each convolution finds, [S, B, channels, rows, columns]."""
        size = self.seeds, *observation.shape[1:2], self.arguments["observations"]
        seen = check_shape("observation", observation, size, "must be").float()
        maps = [(seen * self.observation_scale).unflatten(-1, (-1, HEIGHT, WIDTH))]
        for layer in self.convolutions:
            maps.append(F.relu(layer(maps[-1])))
        return maps

    def units(self, observation: Tensor) -> list[Tensor]:
        """What the last convolution finds, in a row, then the units behind it, [S, B, width]."""
        found = self.maps(observation)[-1].flatten(2)
        return [found, self._activate(self.hidden[0](found))]


@checked
def moved(pictures: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """What is in each picture moved so many pixels down and to the right; its border is repeated.

    pictures: [..., H, W]; down, right: [...], whole numbers, below 0 for up and left.
    """
    height, width = pictures.shape[-2:]
    row = (torch.arange(height) - down[..., None]).clamp(0, height - 1)  # where each comes from
    column = (torch.arange(width) - right[..., None]).clamp(0, width - 1)
    pixel = row[..., None] * width + column[..., None, :]
    return pictures.flatten(-2).gather(-1, pixel.flatten(-2)).view(pictures.shape)


@checked
def shift(observation: Tensor, most: int, generator: torch.Generator, moved=moved) -> Tensor:
    """Each of the observations [S, B, frames · H · W] moved by up to `most` pixels, at random.

    All frames of one move alike, along both axes.
    Source: DrQ, Kostrikov et al. 2020 (arXiv 2004.13649), section 3.1.
    """
    frames = observation.unflatten(-1, (-1, HEIGHT, WIDTH))
    ways = torch.randint(-most, most + 1, (2, *observation.shape[:-1], 1), generator=generator)
    made = moved(frames, *ways.repeat(1, 1, 1, frames.shape[2]))
    return check_shape("moved", made, frames.shape).flatten(2)
