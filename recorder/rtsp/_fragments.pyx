# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""``fragments.take_run`` and ``take_pictures`` compiled: two walks over the packets, one copy. ``fragments.py`` says what
they do and why."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int32_t, uint8_t, uint32_t
from libc.string cimport memcpy

cdef enum:
    INTERLEAVED_BYTES = 4
    RTP_HEADER_BYTES = 12
    LEAD_BYTES = 16
    LENGTH_BYTES = 4
    DOLLAR = 0x24
    FU_H264 = 28
    SLICE_H264 = 1
    FIRST_KEY_H265 = 16
    STARTS = 1
    ENDS = 2
    MARKED = 4
    WHOLE = 7
    PICTURES_LIMIT_COUNT = 32
    LEADS_LIMIT_COUNT = 3
    RUNS_LIMIT_COUNT = PICTURES_LIMIT_COUNT * (LEADS_LIMIT_COUNT + 1)
    BEGUN = -1


cdef struct Expected:
    int channel
    int payload_type
    long long source
    int kind


cdef struct Walked:
    Py_ssize_t position
    Py_ssize_t count
    Py_ssize_t total  # bytes that it comes to
    int alone  # its one payload is a NAL unit by itself
    uint32_t stamp
    int flags


def take_run(
    data, Py_ssize_t position, Py_ssize_t end, int channel, int payload_type, long long source, int sequence, int kind
):
    """The longest run of fragments in ``data[position:end]``; see ``recorder.rtsp.fragments.take_run``."""
    cdef Py_buffer view
    cdef Expected expected = Expected(channel, payload_type, source, kind)
    cdef Walked run
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        if position < 0 or position > end or end > view.len:
            return None
        run = _walk(<const uint8_t *>view.buf, position, end, &expected, sequence)
        if not run.count:
            return None
        body = PyBytes_FromStringAndSize(NULL, run.total)
        _copy(<const uint8_t *>view.buf + position, &run, kind, <uint8_t *>PyBytes_AS_STRING(body))
        return run.position, run.count, run.stamp, run.flags, body
    finally:
        PyBuffer_Release(&view)


def take_pictures(
    data, Py_ssize_t position, Py_ssize_t end, int channel, int payload_type, long long source, int sequence, int kind,
    long long rtp_time,
):
    """As many plain pictures as ``data`` begins with; see ``recorder.rtsp.fragments.take_pictures``."""
    cdef Py_buffer view
    cdef Expected expected = Expected(channel, payload_type, source, kind)
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        if position < 0 or position > end or end > view.len:
            return None
        return _pictures(<const uint8_t *>view.buf, position, end, &expected, sequence, rtp_time)
    finally:
        PyBuffer_Release(&view)


cdef object _pictures(
    const uint8_t *data, Py_ssize_t position, Py_ssize_t end, const Expected *expected, int sequence, long long rtp_time
):
    cdef Walked runs[RUNS_LIMIT_COUNT]
    cdef const uint8_t *frame = data + position
    cdef Walked *run
    cdef uint8_t *into
    cdef Py_ssize_t packets = 0, size = 0, start
    cdef int count = 0, number
    places = []
    number = 0
    while len(places) < PICTURES_LIMIT_COUNT:
        number = _picture(data, position, end, expected, sequence, &runs[count])
        if number <= 0:
            break
        start = size
        for _ in range(number):
            run = &runs[count]
            size += LENGTH_BYTES + run.total
            packets += run.count
            sequence = (sequence + run.count) & 0xFFFF
            count += 1
        position = run.position
        rtp_time += <int32_t>(run.stamp - <uint32_t>rtp_time)
        places.append((rtp_time, start, size))
    begun = number == BEGUN
    if not count and not begun:
        return None
    piece = PyBytes_FromStringAndSize(NULL, size)
    into = <uint8_t *>PyBytes_AS_STRING(piece)
    for number in range(count):
        run = &runs[number]
        into[0] = run.total >> 24 & 0xFF
        into[1] = run.total >> 16 & 0xFF
        into[2] = run.total >> 8 & 0xFF
        into[3] = run.total & 0xFF
        _copy(frame, run, expected.kind, into + LENGTH_BYTES)
        into += LENGTH_BYTES + run.total
        frame = data + run.position
    return position, packets, piece, places, begun


cdef int _picture(
    const uint8_t *data, Py_ssize_t position, Py_ssize_t end, const Expected *expected, int sequence, Walked *runs
) noexcept nogil:
    """The runs of the plain picture at ``position``, its leads first; how many they are, 0 when there is none.

    BEGUN when all that is left are its first packets.
    """
    cdef int leads = 0, number
    while leads < LEADS_LIMIT_COUNT:
        runs[leads] = _alone(data, position, end, expected, sequence)
        if not runs[leads].count or not _leads(data + position, &runs[leads], expected.kind):
            break
        position = runs[leads].position
        sequence = (sequence + 1) & 0xFFFF
        leads += 1
    runs[leads] = _walk(data, position, end, expected, sequence)
    if not runs[leads].count:
        runs[leads] = _alone(data, position, end, expected, sequence)
    if not runs[leads].count:
        return BEGUN if leads and _cut_off(data, position, end) else 0
    if not _opens_plainly(data + position, &runs[leads], expected.kind):
        return 0
    for number in range(leads):
        if runs[number].stamp != runs[leads].stamp:
            return 0
    if runs[leads].flags != WHOLE:
        return BEGUN if runs[leads].flags == STARTS and _cut_off(data, runs[leads].position, end) else 0
    return leads + 1


cdef inline int _cut_off(const uint8_t *data, Py_ssize_t position, Py_ssize_t end) noexcept nogil:
    """Whether nothing follows, or a frame that is not all there."""
    cdef const uint8_t *frame = data + position
    cdef Py_ssize_t left = end - position
    if left and frame[0] != DOLLAR:
        return False
    return left < INTERLEAVED_BYTES or left < INTERLEAVED_BYTES + (<Py_ssize_t>frame[2] << 8 | frame[3])


cdef inline uint32_t _word(const uint8_t *at) noexcept nogil:
    return <uint32_t>at[0] << 24 | <uint32_t>at[1] << 16 | <uint32_t>at[2] << 8 | at[3]


cdef inline int _kind_of(uint8_t first, int kind) noexcept nogil:
    return first & 0x1F if kind == FU_H264 else first >> 1 & 0x3F


cdef inline Py_ssize_t _packet(
    const uint8_t *data, Py_ssize_t position, Py_ssize_t end, const Expected *expected, int sequence, Py_ssize_t least
) noexcept nogil:
    """Where the ordinary packet at ``position`` ends; -1 when it is none, or has less than ``least`` bytes in all."""
    cdef const uint8_t *frame = data + position
    cdef Py_ssize_t stop
    if end - position < least:
        return -1
    stop = position + INTERLEAVED_BYTES + (<Py_ssize_t>frame[2] << 8 | frame[3])
    if frame[0] != DOLLAR or frame[1] != expected.channel or stop > end or stop - position < least or frame[4] != 0x80:
        return -1
    if stop < end and data[stop] != DOLLAR:
        return -1
    if frame[5] & 0x7F != expected.payload_type or (frame[6] << 8 | frame[7]) != sequence:
        return -1
    return stop if _word(frame + 12) == expected.source else -1


cdef Walked _walk(
    const uint8_t *data, Py_ssize_t position, Py_ssize_t end, const Expected *expected, int sequence
) noexcept nogil:
    cdef Py_ssize_t before = 2 if expected.kind == FU_H264 else 3
    cdef Py_ssize_t least = LEAD_BYTES + before + 1
    cdef Py_ssize_t stop
    cdef uint32_t time
    cdef uint8_t header
    cdef const uint8_t *payload
    cdef Walked run = Walked(position, 0, 0, False, 0, 0)
    while not run.flags & (ENDS | MARKED):
        stop = _packet(data, run.position, end, expected, sequence, least)
        if stop < 0:
            break
        payload = data + run.position + LEAD_BYTES
        time = _word(data + run.position + 8)
        header = payload[before - 1]
        if (run.count and time != run.stamp) or _kind_of(payload[0], expected.kind) != expected.kind:
            break
        if header & 0x80:
            if run.count:
                break
            run.flags = STARTS
            run.total = before - 1
        run.total += stop - run.position - least + 1
        run.flags |= (ENDS if header & 0x40 else 0) | (MARKED if data[run.position + 5] & 0x80 else 0)
        run.stamp = time
        run.position = stop
        run.count += 1
        sequence = (sequence + 1) & 0xFFFF
    return run


cdef Walked _alone(
    const uint8_t *data, Py_ssize_t position, Py_ssize_t end, const Expected *expected, int sequence
) noexcept nogil:
    """The packet at ``position`` as a run of its own, if its payload is a NAL unit by itself; its user checks that."""
    cdef Py_ssize_t stop = _packet(data, position, end, expected, sequence, LEAD_BYTES + 2)
    cdef const uint8_t *frame = data + position
    if stop < 0:
        return Walked(position, 0, 0, False, 0, 0)
    return Walked(
        stop, 1, stop - position - LEAD_BYTES, True, _word(frame + 8), STARTS | ENDS | (MARKED if frame[5] & 0x80 else 0)
    )


cdef int _leads(const uint8_t *frame, const Walked *run, int kind) noexcept nogil:
    """Whether a packet alone is a delimiter or SEI, and only one NAL unit."""
    cdef const uint8_t *payload = frame + LEAD_BYTES
    cdef int its = _kind_of(payload[0], kind)
    cdef Py_ssize_t at
    if (its != 9 and its != 6) if kind == FU_H264 else (its != 35 and its != 39):
        return False
    if kind != FU_H264 and (payload[0] & 1 or payload[1] >= 8):
        return False
    for at in range(run.total - 2):
        if payload[at] == 0 and payload[at + 1] == 0 and payload[at + 2] == 1:
            return False
    return True


cdef int _opens_plainly(const uint8_t *frame, const Walked *run, int kind) noexcept nogil:
    """Whether a whole run at ``frame`` is the first slice of a picture that is no key picture."""
    cdef const uint8_t *payload = frame + LEAD_BYTES
    if run.total < 3:
        return False
    if kind == FU_H264:
        if run.alone:
            return payload[0] & 0x1F == SLICE_H264 and payload[1] & 0x80
        return payload[1] & 0x1F == SLICE_H264 and payload[2] & 0x80
    if payload[0] & 1 or payload[1] >= 8:
        return False
    if run.alone:
        return _kind_of(payload[0], kind) < FIRST_KEY_H265 and payload[2] & 0x80
    return payload[2] & 0x3F < FIRST_KEY_H265 and payload[3] & 0x80


cdef void _copy(const uint8_t *frame, const Walked *run, int kind, uint8_t *into) noexcept nogil:
    """The NAL unit header when the run starts one, then the bodies of its packets, back to back: ``total`` bytes."""
    cdef Py_ssize_t before = 2 if kind == FU_H264 else 3
    cdef Py_ssize_t lead = LEAD_BYTES + before
    cdef Py_ssize_t size, number
    cdef const uint8_t *payload = frame + LEAD_BYTES
    if run.alone:
        memcpy(into, payload, run.total)
        return
    if run.flags & STARTS and before == 2:
        into[0] = (payload[0] & 0xE0) | (payload[1] & 0x1F)
        into += 1
    elif run.flags & STARTS:
        into[0] = (payload[0] & 0x81) | ((payload[2] & 0x3F) << 1)
        into[1] = payload[1]
        into += 2
    for number in range(run.count):
        size = (<Py_ssize_t>frame[2] << 8 | frame[3]) + INTERLEAVED_BYTES
        memcpy(into, frame + lead, size - lead)
        into += size - lead
        frame += size
