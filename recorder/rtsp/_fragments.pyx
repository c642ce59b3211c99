# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""``fragments.take_run`` compiled: two walks over the packets, one copy. ``fragments.py`` says what it does and why."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcpy

cdef enum:
    INTERLEAVED_BYTES = 4
    RTP_HEADER_BYTES = 12
    DOLLAR = 0x24
    FU_H264 = 28
    STARTS = 1
    ENDS = 2
    MARKED = 4


def take_run(
    data, Py_ssize_t position, Py_ssize_t end, int channel, int payload_type, long long source, int sequence, int kind
):
    """The longest run of fragments in ``data[position:end]``; see ``recorder.rtsp.fragments.take_run``."""
    cdef Py_buffer view
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        if position < 0 or position > end or end > view.len:
            return None
        return _run(<const uint8_t *>view.buf, position, end, channel, payload_type, source, sequence, kind)
    finally:
        PyBuffer_Release(&view)


cdef inline uint32_t _word(const uint8_t *at) noexcept nogil:
    return <uint32_t>at[0] << 24 | <uint32_t>at[1] << 16 | <uint32_t>at[2] << 8 | at[3]


cdef object _run(
    const uint8_t *data, Py_ssize_t position, Py_ssize_t end,
    int channel, int payload_type, long long source, int sequence, int kind,
):
    cdef Py_ssize_t before = 2 if kind == FU_H264 else 3
    cdef Py_ssize_t least = INTERLEAVED_BYTES + RTP_HEADER_BYTES + before + 1
    cdef Py_ssize_t start = position, stop, total = 0, count = 0, number
    cdef uint32_t stamp = 0, time
    cdef int flags = 0
    cdef const uint8_t *frame
    cdef const uint8_t *payload
    cdef uint8_t header
    while end - position >= least and not flags & (ENDS | MARKED):
        frame = data + position
        stop = position + INTERLEAVED_BYTES + (<Py_ssize_t>frame[2] << 8 | frame[3])
        if frame[0] != DOLLAR or frame[1] != channel or stop > end or stop - position < least or frame[4] != 0x80:
            break
        if stop < end and data[stop] != DOLLAR:
            break
        if frame[5] & 0x7F != payload_type or (frame[6] << 8 | frame[7]) != sequence or _word(frame + 12) != source:
            break
        time = _word(frame + 8)
        if count and time != stamp:
            break
        payload = frame + INTERLEAVED_BYTES + RTP_HEADER_BYTES
        header = payload[before - 1]
        if (payload[0] & 0x1F if kind == FU_H264 else payload[0] >> 1 & 0x3F) != kind:
            break
        if header & 0x80:
            if count:
                break
            flags = STARTS
            total = before - 1
        total += stop - position - least + 1
        flags |= (ENDS if header & 0x40 else 0) | (MARKED if frame[5] & 0x80 else 0)
        stamp = time
        position = stop
        sequence = (sequence + 1) & 0xFFFF
        count += 1
    if not count:
        return None
    body = PyBytes_FromStringAndSize(NULL, total)
    _copy(data + start, count, before, flags & STARTS, <uint8_t *>PyBytes_AS_STRING(body))
    return position, count, stamp, flags, body


cdef void _copy(const uint8_t *frame, Py_ssize_t count, Py_ssize_t before, int starts, uint8_t *into) noexcept nogil:
    """The NAL unit header when the run starts one, then the bodies of ``count`` packets, back to back."""
    cdef Py_ssize_t lead = INTERLEAVED_BYTES + RTP_HEADER_BYTES + before
    cdef Py_ssize_t size, number
    cdef const uint8_t *payload = frame + INTERLEAVED_BYTES + RTP_HEADER_BYTES
    if starts and before == 2:
        into[0] = (payload[0] & 0xE0) | (payload[1] & 0x1F)
        into += 1
    elif starts:
        into[0] = (payload[0] & 0x81) | ((payload[2] & 0x3F) << 1)
        into[1] = payload[1]
        into += 2
    for number in range(count):
        size = (<Py_ssize_t>frame[2] << 8 | frame[3]) + INTERLEAVED_BYTES
        memcpy(into, frame + lead, size - lead)
        into += size - lead
        frame += size
