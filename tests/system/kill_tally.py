"""What a recorder's deaths cost: what was sent, life by life, against what opens afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from recorder.stream.pipeline import GROUP_LEAST_US
from tests.system.page import Group
from vms.clock import MICRO

# What the camera had just sent when the process was stopped had not all been received, or was being written just then.
UNDER_WAY_S: Final = 1.5
ANCHOR_S: Final = 3.0
# By how much less two units may lie apart when they are shot than when they are sent.
SENDING_US: Final = 100_000


@dataclass(frozen=True, slots=True)
class Player:
    """What one player was sent: the units of one life of the recorder."""

    digests: list[str]
    keys: list[bool]
    sent_us: list[int]


def cut_into_lives(groups: list[Group]) -> list[list[Group]]:
    """Runs of groups that follow one another without a hole."""
    runs: list[list[Group]] = []
    for group in groups:
        if runs and runs[-1][-1].end_us == group.start_us:
            runs[-1].append(group)
        else:
            runs.append([group])
    return runs


@dataclass(frozen=True, slots=True)
class Loss:
    """What one death cost: whole groups, and the time from the last unit that opens to the kill."""

    groups: int
    seconds: float


def check_clear(lives: list[Player], runs: list[list[Group]], kills_us: list[int]) -> list[Loss]:
    """Each run of groups is, bit for bit, the beginning of what one player was sent; the loss at each death."""
    kept: dict[int, int] = {}
    for run in runs:
        digests = [digest for group in run for digest in group.digests()]
        number = next((n for n, life in enumerate(lives) if begins(life, run[0].start_us, digests)), None)
        assert number is not None, unmatched(lives, run[0].start_us, digests)
        kept[number] = len(digests)
    # The last life still goes on. One too short to make anything durable lost its open group at most.
    return [loss(life, kept.get(number, 0), kills_us) for number, life in enumerate(lives[:-1])]


def unmatched(lives: list[Player], start_us: int, digests: list[str]) -> str:
    """What the units that no player was sent look like."""
    told = [f"{len(digests)} units from {start_us} are the beginning of no player's:"]
    for life in lives:
        same = next((n for n, (a, b) in enumerate(zip(life.digests, digests, strict=False)) if a != b), len(digests))
        first = life.digests.index(digests[0]) if digests[0] in life.digests else None
        late_s = (start_us - life.sent_us[0]) / MICRO
        told.append(f"{len(life.digests)} units, {late_s:+.2f} s before, the first {same} the same; first at {first}")
    return "\n".join(told)


def begins(life: Player, start_us: int, digests: list[str]) -> bool:
    """Whether the player was sent these units first, about then: the clip loops, so the time is part of it."""
    return abs(life.sent_us[0] - start_us) < ANCHOR_S * MICRO and life.digests[: len(digests)] == digests


def loss(life: Player, kept: int, kills_us: list[int]) -> Loss:
    """Groups that had ended at the kill among the units after the first ``kept``: a key frame ends the one before.

    One group more may be begun, the open one. What was sent in the last moment was not received yet, or was being
    written: it counts as open. A key frame that comes too soon ends no group (``GROUP_LEAST_US``): a clip begins anew.
    """
    killed_us = next((at for at in kills_us if at >= life.sent_us[0]), life.sent_us[-1])
    begun: list[int] = []
    for at, key in zip(life.sent_us[kept:], life.keys[kept:], strict=True):
        if key and (not begun or at - begun[-1] >= GROUP_LEAST_US + SENDING_US):
            begun.append(at)
    ended = sum(1 for at in begun[1:] if at < killed_us - UNDER_WAY_S * MICRO)
    since_us = life.sent_us[kept - 1] if kept else life.sent_us[0]
    return Loss(ended, max(0.0, (killed_us - since_us) / MICRO))


def check_masked(lives: list[Player], runs: list[list[Group]]) -> None:
    """Masked units are other bytes, but one for each that was sent: the groups are as long as those of the source.

    The first may have begun inside a group of the source's, and the last was open when the process was stopped.
    """
    for run in runs:
        lengths = [len(group.units()) for group in run]
        life = next(
            (one for one in lives if one.sent_us[0] - MICRO <= run[0].start_us <= one.sent_us[-1] + MICRO), None
        )
        assert life is not None, f"no player was sent what was recorded from {run[0].start_us}"
        sent = lengths_from(life, run[0].start_us)
        assert any(as_long(lengths, of_life) for of_life in sent), (lengths, sent)


def lengths_from(life: Player, start_us: int) -> list[list[int]]:
    """The lengths in units of the groups that a player was sent, from each that began about then."""
    keys = [n for n, key in enumerate(life.keys) if key]
    lengths = [end - begin for begin, end in zip(keys, [*keys[1:], len(life.keys)], strict=True)]
    near = [n for n, key in enumerate(keys) if abs(life.sent_us[key] - start_us) < ANCHOR_S * MICRO]
    return [lengths[n:] for n in near]


def as_long(recorded: list[int], sent: list[int]) -> bool:
    """Whether the recorded groups are the sent ones: all whole but the first and the last."""
    if len(recorded) > len(sent) or recorded[0] > sent[0]:
        return False
    return recorded[1:-1] == sent[1 : len(recorded) - 1] and recorded[-1] <= sent[len(recorded) - 1]
