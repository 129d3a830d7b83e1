"""What tests of several worlds ask alike."""

import numpy as np


def check_each_alone(world, state, action, thing):
    """What happens to copies together happens to each alone."""
    after, reward, _ = world.happen(state, action, thing)
    for k in range(len(action)):
        one = {name: part[k : k + 1] for name, part in state.items()}
        alone, earned, _ = world.happen(one, action[k : k + 1], thing[k : k + 1])
        assert earned == reward[k]
        assert all(alone[name] == after[name][k] for name in after)


def check_leading_axes(world, actions):
    """The expert answers with an action for each observation, in whatever axes they come.

    Returns 24 first observations.
    """
    seen = world.observe(world.begin(24, np.random.default_rng(0)))
    flat = world.expert(seen)
    assert flat.dtype.kind == "i" and set(flat) <= set(range(actions))
    many = world.expert(seen.reshape(2, 3, 4, seen.shape[-1]))
    np.testing.assert_array_equal(many, flat.reshape(2, 3, 4))
    assert world.expert(seen[0]) == flat[0]
    return seen
