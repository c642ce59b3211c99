"""What is wrong with a field that somebody sent, in French and without its value (D-31)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

OWN: Final = "Value error, "
# By pydantic's error types (https://docs.pydantic.dev/latest/errors/validation_errors/).
WORDS: Final[dict[str, str]] = {
    "missing": "il manque",
    "extra_forbidden": "personne ne le demande",
    "string_type": "un texte est attendu",
    "string_too_short": "au moins {min_length} caractères sont attendus",
    "string_too_long": "au plus {max_length} caractères sont admis",
    "string_pattern_mismatch": "il n’a pas la forme attendue",
    "string_unicode": "ce n’est pas un texte",
    "int_type": "un nombre entier est attendu",
    "int_parsing": "un nombre entier est attendu",
    "int_parsing_size": "le nombre est trop grand",
    "int_from_float": "un nombre entier est attendu",
    "float_type": "un nombre est attendu",
    "float_parsing": "un nombre est attendu",
    "finite_number": "un nombre fini est attendu",
    "bool_type": "oui ou non est attendu",
    "bool_parsing": "oui ou non est attendu",
    "greater_than": "un nombre au-dessus de {gt} est attendu",
    "greater_than_equal": "un nombre d’au moins {ge} est attendu",
    "less_than": "un nombre au-dessous de {lt} est attendu",
    "less_than_equal": "un nombre d’au plus {le} est attendu",
    "too_short": "il en faut au moins {min_length}",
    "too_long": "il en faut au plus {max_length}",
    "literal_error": "ce choix n’existe pas",
    "enum": "ce choix n’existe pas",
    "date_type": "une date est attendue",
    "date_parsing": "une date est attendue",
    "date_from_datetime_parsing": "une date est attendue",
    "datetime_parsing": "un instant est attendu",
    "json_invalid": "ce n’est pas du JSON",
}


def words_of(fault: Mapping[str, Any]) -> str:
    """One of pydantic's errors as words; what a validator of ours said, as it is."""
    text = str(fault["msg"])
    if text.startswith(OWN):
        return text.removeprefix(OWN)
    facts = fault.get("ctx") or {}
    if fault["type"] == "string_too_short" and facts.get("min_length") == 1:
        return "il est vide"
    return WORDS.get(str(fault["type"]), "il n’a pas la forme attendue").format_map(facts)
