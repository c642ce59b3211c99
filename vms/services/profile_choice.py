"""Which profiles of a camera to record, and at which settings: configured values, no picture (T-04, T-05, T-06)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vms.errors import Refused
from vms.law.lapse import Lapse
from vms.law.profiles import profile_lapses
from vms.onvif.media2 import Encoder, EncoderOptions, Profile

RECORDABLE: Final = ("h264", "h265")
# A sub-stream near D1: enough for the wall and for T-05, light enough for sixteen tiles.
SUB_AREA_PX: Final = 704 * 576


@dataclass(frozen=True, slots=True)
class Setting:
    """One stream to record: its profile and what its encoder is to be set to (``changes`` when it is not yet)."""

    profile: Profile
    encoder: Encoder
    codec: str
    width: int
    height: int
    fps: float

    @property
    def changes(self) -> bool:
        """Whether the camera has to be told."""
        e = self.encoder
        return (e.codec, e.width, e.height) != (self.codec, self.width, self.height) or abs(e.fps - self.fps) > 0.01

    @property
    def area(self) -> int:
        """Pixels of a picture."""
        return self.width * self.height


@dataclass(frozen=True, slots=True)
class Choice:
    """The main stream, the sub-stream if there is one, and what the choice cannot do."""

    main: Setting
    sub: Setting | None
    notes: tuple[Lapse, ...]


@dataclass(frozen=True, slots=True)
class Framing:
    """How the camera will mainly be used, as declared: *plan étroit* (T-04), fast flows of people (T-06)."""

    narrow: bool = False
    fast_flows: bool = False


ANY_FRAMING: Final = Framing()
STRICTEST: Final = Framing(narrow=True, fast_flows=True)


def choose(
    profiles: Sequence[Profile], options: Mapping[str, Sequence[EncoderOptions]], framing: Framing = ANY_FRAMING
) -> Choice:
    """The streams to record; Refused names the rule when the camera has none that may be (T-04…T-06).

    ``options``: encoder token → what it can be set to. Settings that suffice are left alone. The main stream aims at
    the stricter floor (*plan étroit*, fast flows) whatever the framing declared; what only a later framing would need
    is a note.
    """
    recordable = [p for p in profiles if p.encoder is not None and p.encoder.codec in RECORDABLE]
    if not recordable:
        raise Refused(
            "La caméra n’a aucun profil H.264 ou H.265.",
            todo="Créez-en un dans la caméra, ou remplacez-la par une caméra de profil T.",
            rule="O-11",
        )
    settings = {p.token: _possible(p, options) for p in recordable}
    main = _best_main([s for found in settings.values() for s in found], framing)
    others = [
        s
        for found in settings.values()
        for s in found
        if s.encoder.token != main.encoder.token and s.profile.source == main.profile.source and s.codec == "h264"
    ]
    sub = _best_sub(others, main)
    if main.codec == "h265" and sub is None:
        main = _without_h265(settings[main.profile.token], framing)
    notes = _lapses(main, STRICTEST)
    if sub is None:
        notes.append(Lapse("T-01", "La caméra n’a pas de flux secondaire.", "Le mur affichera le flux principal."))
    return Choice(main, sub, tuple(notes))


def _possible(profile: Profile, options: Mapping[str, Sequence[EncoderOptions]]) -> list[Setting]:
    """What a profile is set to, and what it could be set to, each at its best legal rate."""
    encoder = profile.encoder
    if encoder is None:
        return []
    found = [Setting(profile, encoder, encoder.codec, encoder.width, encoder.height, encoder.fps)]
    for option in options.get(encoder.token, ()):
        rate = max(option.frame_rates, default=encoder.fps)
        rate = encoder.fps if encoder.fps in option.frame_rates and encoder.fps >= 12 else rate
        found += [Setting(profile, encoder, option.codec, width, height, rate) for width, height in option.sizes]
    return found


def _lapses(setting: Setting, framing: Framing) -> list[Lapse]:
    return profile_lapses(setting.width, setting.height, setting.fps, framing.narrow, framing.fast_flows)


def _best_main(settings: Sequence[Setting], framing: Framing) -> Setting:
    """The largest picture as configured if it meets the strict floor, else the best the camera can do."""
    configured = [s for s in settings if not s.changes]
    for floor in (STRICTEST, framing):
        for candidates in (configured, settings):
            legal = [s for s in candidates if not _lapses(s, floor)]
            if legal:
                return max(legal, key=lambda s: (s.area, s.codec == s.encoder.codec, s.codec == "h264", not s.changes))
    nearest = max(settings, key=lambda s: (s.area, s.fps))
    lapse = _lapses(nearest, framing)[0]
    raise Refused(f"Aucun profil ne convient. {lapse.what}", todo=lapse.todo, rule=lapse.rule)


def _best_sub(settings: Iterable[Setting], main: Setting) -> Setting | None:
    """A legal H.264 stream smaller than the main one, nearest to SUB_AREA_PX, as it is configured if that is legal."""
    legal = [s for s in settings if not _lapses(s, ANY_FRAMING) and s.area <= main.area]
    return min(legal, key=lambda s: (s.area >= main.area, s.changes, abs(s.area - SUB_AREA_PX)), default=None)


def _without_h265(settings: Sequence[Setting], framing: Framing) -> Setting:
    """The main stream in H.264, for a camera that cannot give H.264 beside H.265; Refused when it cannot either."""
    legal = [s for s in settings if s.codec == "h264" and not _lapses(s, framing)]
    if not legal:
        raise Refused(
            "La caméra ne donne que du H.265, sans flux secondaire H.264 : peu de navigateurs sauraient la montrer.",
            todo="Activez un second flux H.264 dans la caméra.",
            rule="T-01",
        )
    return max(legal, key=lambda s: s.area)
