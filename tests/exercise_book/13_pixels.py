"""Answers to notebook 13: right ones in another form, and wrong ones as learners write them."""

import torch
from torch.nn import functional as F


def by_slices(picture, kernel, stride=1):
    rows, columns = ((n - len(kernel)) // stride + 1 for n in picture.shape[-2:])
    found = 0
    for a in range(len(kernel)):
        for b in range(len(kernel)):
            down = slice(a, a + stride * (rows - 1) + 1, stride)
            right = slice(b, b + stride * (columns - 1) + 1, stride)
            found = found + kernel[a, b] * picture[..., down, right]
    return found


def by_padding(pictures, down, right):
    rows, columns = pictures.shape[-2:]
    pad = 20
    flat = pictures.reshape(-1, 1, rows, columns).double()
    wide = F.pad(flat, [pad] * 4, "replicate")[:, 0]
    ways = zip(wide, down.flatten().tolist(), right.flatten().tolist(), strict=True)
    cut = [w[pad - y : pad - y + rows, pad - x : pad - x + columns] for w, y, x in ways]
    return torch.stack(cut).reshape(pictures.shape).to(pictures.dtype)


def turned_round(picture, kernel, stride=1):
    return by_slices(picture, kernel.flip(0).flip(1), stride)


def crossed(picture, kernel, stride=1):
    return by_slices(picture, kernel.T, stride)


def averaged(picture, kernel, stride=1):
    return by_slices(picture, kernel, stride) / kernel.numel()


def without_stride(picture, kernel, stride=1):
    return by_slices(picture, kernel)


def with_a_border(picture, kernel, stride=1):
    return by_slices(F.pad(picture, [1] * 4), kernel, stride)


def one_place_short(picture, kernel, stride=1):
    return by_slices(picture, kernel, stride)[..., :-1, :-1]


def of_one_picture_only(picture, kernel, stride=1):
    found = F.conv2d(picture[None, None], kernel[None, None], stride=stride)
    return found[0, 0]


def upwards(pictures, down, right):
    return by_padding(pictures, -down, right)


def to_the_left(pictures, down, right):
    return by_padding(pictures, down, -right)


def back(pictures, down, right):
    return by_padding(pictures, -down, -right)


def exchanged(pictures, down, right):
    return by_padding(pictures, right, down)


def nothing_enters(pictures, down, right):
    rows, columns = pictures.shape[-2:]
    wide = F.pad(pictures, [20] * 4)
    return by_padding(wide, down, right)[..., 20 : 20 + rows, 20 : 20 + columns]


def rows_only(pictures, down, right):
    return by_padding(pictures, down, torch.zeros_like(right))


def all_alike(pictures, down, right):
    first = (way.flatten()[:1].expand(way.numel()).view(way.shape) for way in (down, right))
    return by_padding(pictures, *first)


def rolled(pictures, down, right):
    one = pictures.reshape(-1, *pictures.shape[-2:])
    ways = zip(one, down.flatten().tolist(), right.flatten().tolist(), strict=True)
    return torch.stack([p.roll((y, x), (0, 1)) for p, y, x in ways]).view(pictures.shape)


RIGHT = {"convolve": by_slices, "moved": by_padding}

WRONG = [
    ("convolve", turned_round, "turned round"),
    ("convolve", crossed, "Rows and columns of the kernel"),
    ("convolve", averaged, "mean of the products"),
    ("convolve", without_stride, "`stride` has no effect"),
    ("convolve", with_a_border, "zeros around the picture"),
    ("convolve", one_place_short, "last place on each axis"),
    ("convolve", of_one_picture_only, "raised RuntimeError"),
    ("moved", upwards, "moves up"),
    ("moved", to_the_left, "moves to the left"),
    ("moved", back, "the other way on both axes"),
    ("moved", exchanged, "are exchanged"),
    ("moved", nothing_enters, "What enters is 0"),
    ("moved", rows_only, "`right` has no effect"),
    ("moved", all_alike, "All pictures move as the first"),
    ("moved", rolled, "comes in again on the other"),
]
