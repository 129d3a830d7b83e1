"""Controls without a browser: what they set, and which panels a cell that runs again closes."""

from course_utils import controls
from course_utils.learner import DQNConfig


def test_a_switch_is_a_box_to_tick():
    config = DQNConfig(double=True)
    box = controls.setting_slider(config, "double")
    assert (box.value, box.description) == (True, "double") and "online network" in box.tooltip
    box.value = False
    assert config.double is False


def test_panels_of_other_cells_stay_and_one_that_is_shown_again(cell):
    first, second, third = (controls.Panel([controls.ipywidgets.IntSlider()]) for _ in range(3))
    cell("a", 1)
    first._ipython_display_()
    cell("b", 1)
    second._ipython_display_()
    cell("a", 2)
    first._ipython_display_()
    assert first.comm and second.comm
    cell("a", 3)
    slider = first.children[0]
    third._ipython_display_()
    assert not (first.comm or slider.comm or slider.layout.comm or first.children)
    assert second.comm and third.comm
    third.close()
