"""The story's plot from the command line, and how its steps are noted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.demo.story_plot import Plot
from deploy.demo.story_steps import STORY_FILE, Told, expect
from vms.errors import BadInput, Conflict, GuetError, Refused


def test_a_plot_takes_the_first_camera_without_masks() -> None:
    assert Plot.of("valclair", None, "1-13").camera == "valclair-c02"
    assert Plot.of("brumesnil", None, "0-2.5").camera == "brumesnil-c02"
    plot = Plot.of("valclair", 1, " 2.5-4 ")
    assert (plot.camera, plot.from_s, plot.to_s) == ("valclair-c01", 2.5, 4.0)


@pytest.mark.parametrize(
    "span", ["", "5", "5-5", "9-2", "-1-4", "a-b", "1-2-3", "0-3601", "nan-inf", "1e3-2e3", "1,5-3"]
)
def test_what_is_no_range_is_refused(span: str) -> None:
    with pytest.raises(BadInput) as refused:
        Plot.of("valclair", None, span)
    assert refused.value.where == "--range"


@pytest.mark.parametrize(("commune", "number"), [("nowhere", None), ("", None), ("valclair", 9), ("brumesnil", 0)])
def test_what_the_demonstration_has_not_is_refused(commune: str, number: int | None) -> None:
    with pytest.raises(BadInput):
        Plot.of(commune, number, "1-13")


def test_a_step_that_fails_is_named_and_keeps_its_rule(tmp_path: Path) -> None:
    told = Told(tmp_path)
    with told.step("first", "mayor") as step:
        step.detail = "seen"
    with pytest.raises(GuetError) as failed, told.step("second", "officer"):
        raise Refused("Non.", rule="P-74", todo="Attendez.")
    assert type(failed.value) is GuetError
    assert "second" in failed.value.what
    assert (failed.value.rule, failed.value.todo) == ("P-74", "Attendez.")
    told.proofs["package"] = tmp_path / "p.zip"
    told.proofs["store"] = tmp_path / "home" / "store"
    told.write()
    said = json.loads((tmp_path / STORY_FILE).read_text())
    assert [(one["name"], one["role"], one["ok"]) for one in said["steps"]] == [
        ("first", "mayor", True),
        ("second", "officer", False),
    ]
    assert "Non." in said["steps"][1]["detail"]
    assert (said["package"], said["store"]) == ("p.zip", "home/store")


def test_wrong_input_within_a_step_is_a_failed_step_and_not_wrong_use(tmp_path: Path) -> None:
    for error in (BadInput("x"), Conflict("x"), OSError("x")):
        with pytest.raises(GuetError) as failed, Told(tmp_path).step("one", "mayor"):
            raise error
        assert type(failed.value) is GuetError


def test_an_interruption_is_noted_and_goes_on(tmp_path: Path) -> None:
    told = Told(tmp_path)
    with pytest.raises(KeyboardInterrupt), told.step("one", "host"):
        raise KeyboardInterrupt
    assert (told.steps[0].ok, told.steps[0].detail) == (False, "KeyboardInterrupt")


def test_what_is_expected() -> None:
    expect(True, "never said")
    with pytest.raises(GuetError, match="dark"):
        expect(False, "dark")
