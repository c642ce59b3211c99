"""Arguments of acts and reads: pydantic models in, one readable BadInput out."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar, Final, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from vms.clock import LATEST_US, UtcTime
from vms.errors import BadInput, GuetError
from vms.faults import words_of
from vms.law.dates import midnight
from vms.law.requests import is_written
from vms.law.rulebook import rulebook

DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
SLUG: Final = r"^[a-z0-9][a-z0-9-]{0,62}$"
TEXT_LIMIT_CHARS: Final = 300
INTEGER_LIMIT: Final = 2**62
# Control, direction, private, broken and unassigned characters, and the two that end a line.
UNPRINTED: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})


class Args(BaseModel):
    """Arguments of one act or read; an unknown name is a mistake, said so.

    ``UNSEEN`` names those that a page cannot know and so does not sign, each with its reason where it is declared.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    UNSEEN: ClassVar[frozenset[str]] = frozenset()

    @field_validator("*")
    @classmethod
    def _fits(cls, value: Any) -> Any:
        """A number that no table can hold is refused here, not where it is looked up."""
        if isinstance(value, int) and abs(value) > INTEGER_LIMIT:
            raise ValueError("le nombre est trop grand")
        return value


M = TypeVar("M", bound=BaseModel)


def parse(model: type[M], args: Any, where: str) -> M:
    """The arguments as ``model``; BadInput names the field that cannot be used, never its value (D-31)."""
    try:
        return model.model_validate(args)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "arguments"
        raise BadInput(f"Le champ « {field} » est inutilisable : {words_of(first)}.", where=where) from error


def _moment(value: Any, *, end: bool) -> int:
    """µs since 1970 from µs, an ISO instant, or a day in Paris (its first instant, or the one after its last)."""
    if isinstance(value, bool):
        raise ValueError("un instant est attendu")
    if isinstance(value, int):
        if not 0 <= value <= LATEST_US:
            raise ValueError("l’instant est hors du calendrier")
        return value
    if not isinstance(value, str):
        raise ValueError("un instant est attendu")
    try:
        if DAY.fullmatch(value):
            return midnight(date.fromisoformat(value) + timedelta(days=1 if end else 0))
        return UtcTime.parse(value).us
    except (GuetError, ValueError, OverflowError) as error:
        raise ValueError("l’instant est illisible") from error


def is_plain(text: str) -> bool:
    """Whether a text is one line for people: no control or direction character hides in it."""
    return not any(unicodedata.category(char) in UNPRINTED for char in text)


def _plain(text: str) -> str:
    """Text for people, trimmed, in one line, in NFC: no control or direction character can hide in it."""
    text = unicodedata.normalize("NFC", text).strip()
    if not is_plain(text):
        raise ValueError("les caractères de contrôle ne sont pas admis")
    return text


def _written(text: str) -> str:
    if not is_written(text):
        raise ValueError("il est vide")
    return text


def _each_once(cameras: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(cameras)) != len(cameras):
        raise ValueError("chaque caméra s’y nomme une fois")
    return cameras


def _short(text: str) -> str:
    limit = rulebook().limits.motive_chars
    if len(text) > limit:
        raise ValueError(f"au plus {limit} caractères sont admis (D-31)")
    return text


Moment = Annotated[int, BeforeValidator(lambda value: _moment(value, end=False))]
MomentEnd = Annotated[int, BeforeValidator(lambda value: _moment(value, end=True))]
Text = Annotated[str, Field(max_length=TEXT_LIMIT_CHARS), AfterValidator(_plain)]
Name = Annotated[
    str, Field(min_length=1, max_length=TEXT_LIMIT_CHARS), AfterValidator(_plain), Field(min_length=1),
    AfterValidator(_written),
]  # fmt: skip
MotiveText = Annotated[str, AfterValidator(_plain), AfterValidator(_short)]
Identifier = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Slug = Annotated[str, Field(pattern=SLUG)]
Login = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{1,63}$")]
# Empty, or what a mail server may take.
Email = Annotated[str, Field(pattern=r"^$|^[^@\s]{1,64}@[^@\s]{1,190}$")]
Digest = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]
Cameras = Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=64), AfterValidator(_each_once)]


def motive(text: Any) -> str:
    """A motive's free text, bounded and plain (D-31); BadInput otherwise."""

    class _Motive(Args):
        motive: MotiveText

    return parse(_Motive, {"motive": text or ""}, "motive").motive
