"""Which profiles are recorded, who a device is, how far a clock is off: the pure parts of enrolment."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vms.clock import MICRO
from vms.errors import Refused
from vms.onvif.media2 import Encoder, EncoderOptions, Profile, reachable_stream
from vms.services.camera_clock import Offset, Sample, bounds
from vms.services.identify import Identity, KnownCamera, compare
from vms.services.profile_choice import Framing, choose


def profile(
    token: str,
    width: int,
    height: int,
    fps: float = 25,
    codec: str = "h264",
    *,
    source: str = "lens",
    encoder: str = "",
) -> Profile:
    made = Encoder(encoder or f"enc-{token}", codec, width, height, fps, 2000, 25, Element("x"))
    return Profile(token, token, source, made, ())


def option(codec: str, *sizes: tuple[int, int], rates: tuple[float, ...] = (25.0, 12.0, 6.0)) -> EncoderOptions:
    return EncoderOptions(codec, sizes, rates, (64, 8000))


def test_settings_that_suffice_are_left_alone() -> None:
    choice = choose([profile("a", 1920, 1080), profile("b", 704, 576, 12)], {"enc-a": [option("h264", (3840, 2160))]})
    assert (choice.main.profile.token, choice.main.changes) == ("a", False)
    assert choice.sub is not None
    assert (choice.sub.profile.token, choice.sub.changes) == ("b", False)
    assert choice.notes == ()


def test_the_main_stream_is_the_largest_whatever_the_order() -> None:
    choice = choose([profile("b", 704, 576), profile("a", 1920, 1080)], {})
    assert choice.main.profile.token == "a"


def test_a_picture_that_is_too_small_is_enlarged_when_the_camera_can() -> None:
    choice = choose([profile("a", 320, 240, 5)], {"enc-a": [option("h264", (640, 480), (1280, 720))]})
    assert (choice.main.width, choice.main.height, choice.main.fps, choice.main.changes) == (1280, 720, 25, True)


def test_a_slow_rate_is_raised() -> None:
    choice = choose([profile("a", 1280, 720, 5)], {"enc-a": [option("h264", (1280, 720))]})
    assert choice.main.fps >= 12


@pytest.mark.parametrize(
    ("size", "fps", "framing", "rule"),
    [
        ((351, 288), 25, Framing(), "T-05"),
        ((352, 287), 25, Framing(), "T-05"),
        ((352, 288), 5.9, Framing(), "T-06"),
        ((704, 575), 25, Framing(narrow=True), "T-04"),
        ((704, 576), 11.9, Framing(narrow=True, fast_flows=True), "T-06"),
    ],
)
def test_what_falls_short_is_refused_by_its_rule(
    size: tuple[int, int], fps: float, framing: Framing, rule: str
) -> None:
    with pytest.raises(Refused) as caught:
        choose([profile("a", *size, fps)], {}, framing)
    assert caught.value.rule == rule


def test_the_exact_floor_is_enough_and_what_a_narrow_framing_would_need_is_a_note() -> None:
    choice = choose([profile("a", 352, 288, 6)], {})
    assert [note.rule for note in choice.notes] == ["T-04", "T-06", "T-01"]
    assert choose([profile("a", 704, 576, 12)], {}, Framing(narrow=True, fast_flows=True)).main.fps == 12


def test_another_lens_is_no_sub_stream() -> None:
    choice = choose([profile("a", 1920, 1080), profile("b", 704, 576, source="other lens")], {})
    assert choice.sub is None


def test_two_profiles_on_one_encoder_are_one_stream() -> None:
    choice = choose([profile("a", 1920, 1080), profile("b", 1920, 1080, encoder="enc-a")], {})
    assert choice.sub is None


def test_h265_keeps_an_h264_sub_stream_or_becomes_h264_or_is_refused() -> None:
    beside = choose([profile("a", 1920, 1080, codec="h265"), profile("b", 704, 576)], {})
    assert (beside.main.codec, beside.sub.codec if beside.sub else "") == ("h265", "h264")
    alone = [profile("a", 1920, 1080, codec="h265")]
    becomes = choose(alone, {"enc-a": [option("h265", (1920, 1080)), option("h264", (1920, 1080))]})
    assert (becomes.main.codec, becomes.main.changes, becomes.sub) == ("h264", True, None)
    with pytest.raises(Refused) as caught:
        choose(alone, {})
    assert caught.value.rule == "T-01"


def test_a_sub_stream_in_h265_can_be_set_to_h264() -> None:
    profiles = [profile("a", 1920, 1080, codec="h265"), profile("b", 704, 576, codec="h265")]
    choice = choose(profiles, {"enc-b": [option("h264", (704, 576), (352, 288))]})
    assert choice.sub is not None
    assert (choice.sub.codec, choice.sub.width) == ("h264", 704)


def test_nothing_recordable_is_refused() -> None:
    for profiles in ([], [profile("a", 1920, 1080, codec="JPEG")], [Profile("a", "a", "lens", None, ())]):
        with pytest.raises(Refused) as caught:
            choose(profiles, {})
        assert caught.value.rule == "O-11"


sizes = st.tuples(st.integers(1, 4000), st.integers(1, 3000))
profiles_strategy = st.lists(
    st.builds(
        profile,
        st.uuids().map(str),
        st.integers(1, 4000),
        st.integers(1, 3000),
        st.floats(0, 60),
        st.sampled_from(["h264", "h265", "JPEG"]),
        source=st.sampled_from(["lens", "other"]),
    ),
    max_size=4,
)


@given(profiles_strategy, st.lists(sizes, max_size=3), st.booleans(), st.booleans())
def test_whatever_is_chosen_is_lawful(
    profiles: list[Profile], options: list[tuple[int, int]], narrow: bool, fast: bool
) -> None:
    """T-04…T-06 hold for both streams, one lens, two encoders, and browsers can show one of them."""
    possible = {p.encoder.token: [option("h264", *options)] for p in profiles if p.encoder}
    try:
        choice = choose(profiles, possible, Framing(narrow, fast))
    except Refused:
        return  # a rule is named by construction: Refused cannot be built without one
    floor = (704, 576) if narrow else (352, 288)
    assert (choice.main.width >= floor[0], choice.main.height >= floor[1]) == (True, True)
    assert choice.main.fps >= (12 if narrow and fast else 6)
    assert choice.main.codec == "h264" or (choice.sub is not None and choice.sub.codec == "h264")
    if choice.sub is not None:
        assert (choice.sub.width >= 352, choice.sub.height >= 288, choice.sub.fps >= 6) == (True, True, True)
        assert choice.sub.encoder.token != choice.main.encoder.token
        assert choice.sub.profile.source == choice.main.profile.source


KNOWN = KnownCamera(
    "valclair-c09", "valclair", "Mairie", "10.42.16.31", Identity("urn:uuid:9", "02:4a:11:c0:71:09", "S-900", "Acme")
)


@pytest.mark.parametrize(
    ("identity", "address", "verdict"),
    [
        (Identity("urn:uuid:1", "02:00:00:00:00:01", "S-1", "Acme"), "10.42.16.48", "new"),
        (KNOWN.identity, "10.42.16.31", "enrolled"),
        (KNOWN.identity, "10.42.16.77", "impostor"),
        (Identity("urn:uuid:9"), "10.42.16.77", "impostor"),
        (Identity(mac="02:4a:11:c0:71:09"), "10.42.16.77", "impostor"),
        (Identity(serial="S-900", manufacturer="ACME"), "10.42.16.77", "impostor"),
        (Identity(serial="S-900"), "10.42.16.77", "impostor"),  # the maker is not known before an account opens it
        (Identity(serial="S-900", manufacturer="Other"), "10.42.16.77", "new"),
        (Identity("urn:uuid:1", "02:4a:11:c0:71:09"), "10.42.16.31", "impostor"),  # half of its keys, half of others
        (Identity("urn:uuid:1", "02:00:00:00:00:01"), "10.42.16.31", "replaced"),
        (Identity(), "10.42.16.77", "new"),
    ],
)
def test_one_key_is_one_camera_at_one_address(identity: Identity, address: str, verdict: str) -> None:
    """O-21: the same key with another address is an incident, never an update."""
    match = compare(identity, address, [KNOWN])
    assert match.verdict == verdict
    assert (match.camera is not None) == (verdict != "new")


@pytest.mark.parametrize("serial", ["", "0", "00000000", "N/A", "123456789"])
def test_a_serial_that_every_unit_has_identifies_nothing(serial: str) -> None:
    known = KnownCamera("c", "v", "n", "10.0.0.1", Identity(serial=serial, manufacturer="Acme"))
    assert compare(Identity(serial=serial, manufacturer="Acme"), "10.0.0.2", [known]).verdict == "new"


def test_an_impostor_of_any_camera_wins_over_a_match_with_another() -> None:
    other = KnownCamera("c2", "v", "n", "10.0.0.1", Identity("urn:uuid:2"))
    claims = Identity("urn:uuid:2", "02:4a:11:c0:71:09")
    assert compare(claims, "10.0.0.1", [other, KNOWN]).verdict == "impostor"


def test_samples_narrow_the_offset() -> None:
    """A camera 300 ms ahead, asked just before and just after its second changes."""
    samples = [Sample(10_600_000, 10_610_000, 10 * MICRO), Sample(10_710_000, 10_720_000, 11 * MICRO)]
    offset = bounds(samples)
    assert offset is not None
    assert offset.low_us <= 300_000 <= offset.high_us
    assert offset.high_us - offset.low_us < 150_000


@given(st.integers(-(10**9), 10**9), st.lists(st.tuples(st.integers(0, 10**8), st.integers(0, 10**5)), min_size=1))
def test_the_true_offset_is_always_within_bounds(true_us: int, asks: list[tuple[int, int]]) -> None:
    base = 10**12
    samples = []
    for at, took in asks:
        read_at = base + at + took // 2
        samples.append(Sample(base + at, base + at + took, (read_at + true_us) // MICRO * MICRO))
    offset = bounds(samples)
    assert offset is not None
    assert offset.low_us <= true_us <= offset.high_us


def test_a_clock_that_stepped_has_no_offset() -> None:
    assert bounds([Sample(0, 1, 0), Sample(2, 3, 3600 * MICRO)]) is None


@pytest.mark.parametrize(
    ("low", "high", "wrong", "words"),
    [
        (-200_000, 200_000, False, "0 ms"),
        (900_000, 1_100_000, False, "1000 ms"),
        (1_000_001, 1_200_000, True, "1100 ms"),
        (-90_100_000, -89_900_000, True, "-90 s"),
    ],
)
def test_an_offset_is_wrong_only_when_certainly_over_a_second(low: int, high: int, wrong: bool, words: str) -> None:
    """A-10."""
    assert (Offset(low, high).wrong, Offset(low, high).words()) == (wrong, words)


@pytest.mark.parametrize(
    ("claimed", "expected"),
    [
        ("rtsp://10.0.0.9:8554/main?x=1", "rtsp://127.77.0.7:8554/main?x=1"),
        ("rtsp://admin:secret@127.77.0.7/main#f", "rtsp://127.77.0.7/main"),
        ("rtsps://camera.local/main", "rtsps://127.77.0.7/main"),
        ("http://127.77.0.7/main", None),
        ("rtsp://127.77.0.7:0/main", None),
        ("rtsp:///main", None),
        ("", None),
    ],
)
def test_a_stream_is_at_the_host_we_reached(claimed: str, expected: str | None) -> None:
    """O-23; an account in a stream's address is never kept."""
    assert reachable_stream(claimed, "127.77.0.7") == expected
