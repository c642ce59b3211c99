from recorder.rtsp.fragments import take_pictures as take_pictures
from recorder.rtsp.fragments import take_run as take_run
