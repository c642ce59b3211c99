"""The plan as recorders keep it, and what they owe the keeper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, update

from recorder.camera.plan_source import PLAN_FILE, PlanSource
from recorder.recording.reporting import Reporter
from recorder.recording.writer import Head
from recorder.segment.rows import StreamId
from tests.fakes.recorder_keeper import RecorderKeeper, camera_plan
from vms.db.engine import ensure_schema, open_engine, write
from vms.errors import Damaged, Unavailable
from vms.keeper.gate.statement import open_plan
from vms.keeper.protocol import Plan
from vms.model import Absence, Segment


class Answers:
    """A keeper that answers from a list; an error in it is raised."""

    def __init__(self, *answers: str | Exception | None) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, bytes | None]] = []

    async def plan(self, known_version: str = "", trusted_key: bytes | None = None) -> tuple[Plan, str] | None:
        self.asked.append((known_version, trusted_key))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return None if answer is None else (open_plan(answer, trusted_key), answer)


async def signed(keeper: RecorderKeeper, *cameras: str) -> str:
    keeper.decide(*(camera_plan(camera) for camera in cameras))
    answer = await keeper._plan({}, b"")
    assert isinstance(answer, dict)
    return str(answer["plan"])


async def test_a_plan_is_kept_asked_for_by_version_and_found_again(tmp_path: Path) -> None:
    keeper = RecorderKeeper(tmp_path)
    note = await signed(keeper, "a-c01")
    answers = Answers(note, None, Unavailable("away"))
    source = PlanSource(answers, tmp_path)
    source.load()
    assert source.plan is None
    assert source.permit_key is None
    plan = await source.refresh()
    assert plan is not None
    assert await source.refresh() is plan
    assert await source.refresh() is plan
    assert source.keeper_away
    assert answers.asked == [("", None), ("1", keeper.public), ("1", keeper.public)]
    again = PlanSource(Answers(), tmp_path)
    again.load()
    assert again.plan == plan
    assert again.permit_key == keeper.public


async def test_another_keeper_s_plan_changes_nothing(tmp_path: Path) -> None:
    ours, other = RecorderKeeper(tmp_path), RecorderKeeper(tmp_path)
    source = PlanSource(Answers(await signed(ours, "a-c01"), await signed(other, "a-c02")), tmp_path)
    before = await source.refresh()
    assert await source.refresh() is before
    assert source.keeper_away


@pytest.mark.parametrize(
    "change", [lambda note: note[:-4], lambda note: "x" + note, lambda note: "", lambda note: "é" * 9]
)
async def test_a_damaged_copy_counts_as_none(tmp_path: Path, change: Any) -> None:
    note = await signed(RecorderKeeper(tmp_path), "a-c01")
    (tmp_path / PLAN_FILE).write_text(change(note), encoding="latin-1")
    source = PlanSource(Answers(), tmp_path)
    source.load()
    assert source.plan is None


class Heard:
    """What was reported; ``fail`` makes the next report fail."""

    def __init__(self) -> None:
        self.heads: list[dict[str, Any]] = []
        self.gaps: list[dict[str, Any]] = []
        self.fail = False

    async def put_heads(self, heads: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        if self.fail:
            raise Unavailable("away")
        self.heads += heads
        return []

    async def report_gap(self, commune: str, gaps: Sequence[dict[str, Any]]) -> None:
        if self.fail:
            raise Unavailable("away")
        self.gaps += gaps


class Writer:
    """A writer as the reporter sees it."""

    def __init__(self) -> None:
        self.id = StreamId("a", "a-c01", "main")
        self.now = Head(3, b"\1" * 32, "segment")

    def head(self) -> Head:
        return self.now


async def test_heads_and_ended_absences_are_told_once_and_again_only_when_not_heard(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'x.sqlite'}")
    await ensure_schema(engine)
    async with write(engine) as session:
        for start, end in ((10, 20), (20, 30), (40, None)):
            session.add(
                Absence(
                    commune_id="a", camera_id="a-c01", stream="main", start_us=start, end_us=end, cause="stream-stalled"
                )
            )
    heard, writer = Heard(), Writer()
    memo = tmp_path / "told.json"
    reporter = Reporter(heard, engine, memo)
    heard.fail = True
    await reporter.report([writer])  # type: ignore[list-item]
    heard.fail = False
    await reporter.report([writer])  # type: ignore[list-item]
    await reporter.report([writer])  # type: ignore[list-item]
    assert [head["sequence"] for head in heard.heads] == [3]
    assert heard.heads[0]["link"] == "01" * 32
    assert [(gap["from_us"], gap["to_us"]) for gap in heard.gaps] == [(10, 20), (20, 30)]
    writer.now = Head(4, b"\2" * 32, "segment")
    restarted = Reporter(heard, engine, memo)
    await restarted.report([writer])  # type: ignore[list-item]
    assert len(heard.gaps) == 2
    assert [head["sequence"] for head in heard.heads] == [3, 4]
    memo.write_text("not json")
    await Reporter(heard, engine, memo).report([writer])  # type: ignore[list-item]
    assert len(heard.gaps) == 4  # said twice is better than not at all
    await engine.dispose()


def segment(number: int, state: str = "sealed", stream: str = "main") -> Segment:
    return Segment(
        name=f"a-c01.{stream}.{number}", commune_id="a", camera_id="a-c01", stream=stream, state=state,
        start_us=number, end_us=number + 1, hour_key_id="k", groups=2, sequence=10 * number,
        last_link=bytes([number]) * 32,
    )  # fmt: skip


async def test_every_sealed_segment_is_told_however_short_it_was(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'x.sqlite'}")
    await ensure_schema(engine)
    async with write(engine) as session:
        session.add_all([segment(1), segment(2), segment(3, "open"), segment(4, stream="sub")])
    heard, writer, memo = Heard(), Writer(), tmp_path / "told.json"
    reporter = Reporter(heard, engine, memo)
    await reporter.report([writer])  # type: ignore[list-item]
    told = [(head["segment"], head["sequence"]) for head in heard.heads]
    assert told == [("a-c01.main.1", 12), ("a-c01.main.2", 22), ("segment", 3)]
    async with write(engine) as session:
        await session.execute(update(Segment).where(col(Segment.name) == "a-c01.main.3").values(state="sealed"))
    heard.fail = True
    await reporter.report([])
    heard.fail = False
    await reporter.report([])  # the camera has stopped meanwhile
    assert [head["segment"] for head in heard.heads[3:]] == ["a-c01.main.3"]
    await Reporter(heard, engine, memo).report([writer])  # type: ignore[list-item]
    assert [head["segment"] for head in heard.heads[4:]] == ["segment"], "what was told stays told over a restart"
    await engine.dispose()


def test_a_plan_without_a_signature_is_damaged() -> None:
    with pytest.raises(Damaged):
        open_plan("e30.", None)
