from recorder.rtsp.fragments import Pictures, Run

def take_run(
    data: bytes | bytearray | memoryview,
    position: int,
    end: int,
    channel: int,
    payload_type: int,
    source: int,
    sequence: int,
    kind: int,
) -> Run | None: ...
def take_pictures(
    data: bytes | bytearray | memoryview,
    position: int,
    end: int,
    channel: int,
    payload_type: int,
    source: int,
    sequence: int,
    kind: int,
    rtp_time: int,
) -> Pictures | None: ...
