"""RTSP client: protocol code that does no I/O (bytes in, events out), and one driver that owns a socket.

``message`` and ``interleaved`` frame bytes, ``auth`` answers challenges, ``sdp`` and ``urls`` find the video track,
``rtp``, ``h264`` and ``h265`` turn packets into access units, ``rtcp`` hears the camera's clock, ``session`` is the
conversation, ``client`` the socket. Only video is ever set up: sound is neither asked for nor kept (P-06).
"""
