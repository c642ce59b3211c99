"""Names in a package that an archive program would take for one another, or somewhere else: none is written or read."""

from __future__ import annotations

import re
from io import BytesIO

import pytest

from vms.errors import BadInput, Damaged
from vms.evidence import container
from vms.evidence.container import Container, ContainerWriter

CLASHES = [
    ("signer.pem", "SIGNER.PEM"),
    ("video/a.mp4", "Video/A.mp4"),
    ("video/a", "video/a/b"),
    ("video/a/b", "VIDEO/A"),
    ("a", "a"),
]
IMPOSSIBLE = ["a.", "a./b", "video/..", "../a", "/a", "a//b", ".a", "a b", "a\\b", "a:b", "é", "a\u0131", "", "a" * 201]


def packed(*names: str) -> bytes:
    out = BytesIO()
    writer = ContainerWriter(out)
    for name in names:
        writer.add(name, name.encode())
    writer.finish()
    return out.getvalue()


@pytest.mark.parametrize("names", CLASHES)
def test_two_names_for_one_place_are_refused_both_ways(names: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput):
        packed(*names)
    with monkeypatch.context() as lax:
        lax.setattr(container._Places, "take", lambda self, name: True)
        data = packed(*names)
    with pytest.raises(Damaged, match="se confondent"):
        Container(BytesIO(data))


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_a_name_that_leads_elsewhere_is_not_written(name: str) -> None:
    with pytest.raises(BadInput):
        packed(name)


@pytest.mark.parametrize("name", [name for name in IMPOSSIBLE if name.isascii()])
def test_nor_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as lax:
        lax.setattr(container, "NAME", re.compile(".*", re.DOTALL))
        lax.setattr(container, "NAME_LIMIT_BYTES", 1000)
        data = packed("manifest.json", name)
    with pytest.raises(Damaged, match="nom impossible"):
        Container(BytesIO(data))


def test_names_that_only_look_alike_are_kept() -> None:
    with BytesIO(packed("LISEZMOI.txt", "LISEZMOI.pdf", "video/a", "videos", "video/ab", "a.b-c_d")) as file:
        assert Container(file).names() == ["LISEZMOI.txt", "LISEZMOI.pdf", "video/a", "videos", "video/ab", "a.b-c_d"]
