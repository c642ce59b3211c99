"""A process that writes is killed for good (SIGKILL), again and again: what it said was durable opens, fsck holds."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

from recorder.fsck.fsck import Fsck
from recorder.retention.policies import Policies
from tests.fakes.recording import PUBLIC, Rig
from vms.clock import SystemClock

KILLS = 6
ROOT = Path(__file__).parent.parent.parent


def one_life(home: Path, chance: random.Random) -> set[str]:
    """Start the process, let it write a random number of groups, kill it; the groups it called durable."""
    command = [sys.executable, "-m", "tests.fakes.writing_process", str(home)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        wanted, said = chance.randint(1, 90), list[str]()
        for line in process.stdout:
            said.append(line)
            if len(said) >= wanted:
                process.send_signal(signal.SIGKILL)
                break
        # What it had written to the pipe before it died counts too; a line cut short does not.
        said += process.stdout.readlines()
    assert process.returncode == -signal.SIGKILL
    return {line.strip() for line in said if line.startswith("group ") and line.endswith("\n")}


async def test_killed_at_random_nothing_durable_is_lost(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).prepare()
    (tmp_path / "public").write_bytes(PUBLIC)
    policies = Policies(rig.store, tmp_path / "policies.json")
    chance, durable = random.Random(2026), set[str]()
    for _ in range(KILLS):
        durable |= one_life(tmp_path, chance)
        report = await Fsck(rig.engine, rig.store, SystemClock().utc(), policies).check()
        assert report.ok, [str(one) for one in report.findings]
    report = await Fsck(rig.engine, rig.store, SystemClock().utc(), policies).repair()
    assert report.findings == [], [str(one) for one in report.findings]
    assert report.quarantined == 0
    opened = [one.plaintext.split(b"\n")[0].split() for one in await rig.opened()]
    groups = {f"group {words[0].decode()} {words[1].decode()}" for words in opened}
    assert len(opened) == len(groups)
    assert durable <= groups
    # At each death at most the group in hand of each of the two cameras had been written without having been said.
    assert len(groups - durable) <= 2 * KILLS
    assert len(durable) > KILLS
    await rig.close()
