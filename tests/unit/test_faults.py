"""What is wrong with a field is said in French, without pydantic's words or the value that was sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import Field

from deploy.admin import init
from vms.errors import BadInput
from vms.keeper.arguments import Args, Email, Login, MomentEnd, Name, parse


class Asked(Args):
    login: Login = "a.b"
    email: Email = ""
    label: Name = "x"
    days: int = Field(default=1, ge=1, le=30)
    until: MomentEnd = 0
    kind: Literal["a", "b"] = "a"
    cameras: tuple[str, ...] = Field(default=("c",), min_length=1, max_length=2)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"login": "Ma Rue"}, "Le champ « login » est inutilisable : il n’a pas la forme attendue."),
        ({"email": "personne"}, "« email » est inutilisable : il n’a pas la forme attendue."),
        ({"label": ""}, "il est vide"),
        ({"label": "a\u0007b"}, "les caractères de contrôle ne sont pas admis"),
        ({"days": 31}, "un nombre d’au plus 30 est attendu"),
        ({"days": "secret"}, "un nombre entier est attendu"),
        ({"days": 10**30}, "« days » est inutilisable"),
        ({"until": "hier"}, "l’instant est illisible"),
        ({"kind": "c"}, "ce choix n’existe pas"),
        ({"cameras": []}, "il en faut au moins 1"),
        ({"other": "secret"}, "« other » est inutilisable : personne ne le demande"),
        ({"login": 5}, "un texte est attendu"),
        ([], "il n’a pas la forme attendue"),
    ],
)
def test_a_fault_is_said_in_words(sent: Any, told: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(Asked, sent, "act")
    assert told in caught.value.what
    assert "secret" not in str(caught.value)
    assert "should" not in str(caught.value)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Lines that somebody types; what the questions were."""
    asked: list[str] = []

    def type_(*lines: str) -> list[str]:
        left = iter(lines)
        monkeypatch.setattr("builtins.input", lambda question: (asked.append(question), next(left))[1])
        return asked

    return type_


def test_a_line_that_cannot_be_used_is_asked_for_again(
    typed: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever opens a town types a dozen answers: one mistake must not cost the others."""
    asked = typed("Pas Un Identifiant", "", "  maire.valclair ")
    assert init.ask_text("Identifiant", Login) == "maire.valclair"
    assert asked == ["Identifiant : "] * 3
    assert capsys.readouterr().out.count("Inutilisable : il n’a pas la forme attendue.") == 2
    typed("")
    assert init.ask_text("Adresse", Email) == ""


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "ne se lit pas"),
        ("{", "n’est pas du JSON"),
        ("[" * 100_000, "n’est pas du JSON"),
        ("[]", "est un objet JSON"),
        ('{"commune": "a", "name": "A", "holders": 3}', "deux détenteurs"),
    ],
)
def test_a_file_of_answers_that_cannot_be_used_is_said_in_words(tmp_path: Path, content: str | None, told: str) -> None:
    answers = tmp_path / "answers.json"
    if content is not None:
        answers.write_text(content)
    with pytest.raises(BadInput, match=told):
        init.init(answers=answers, home=tmp_path / "home")
