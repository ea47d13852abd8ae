"""A WHIP publisher with FFmpeg's own muxer, through PyAV; prints one line of JSON.

usage: ffmpeg_peer.py URL TOKEN SECONDS CLIP
"""

import fractions
import itertools
import json
import sys
import time

import av


def frames_of(clip):
    """The frames of a clip again and again, video and sound, with the seconds at which each is due."""
    begins = 0.0
    while True:
        last = 0.0
        with av.open(clip) as container:
            for frame in container.decode(video=0, audio=0):
                last = max(last, frame.time)
                yield begins + frame.time, frame
        begins += last + 0.04


def main(url, token, seconds, clip):
    output = av.open(url, "w", format="whip", options={"authorization": token})
    picture = output.add_stream("libx264", rate=25, options={
        "preset": "ultrafast", "tune": "zerolatency", "profile": "baseline", "g": "25", "bf": "0"})
    picture.width, picture.height, picture.pix_fmt = 640, 360, "yuv420p"
    sound = output.add_stream("libopus", rate=48_000, layout="stereo", options={"b": "64000"})
    resampler = av.AudioResampler("s16", "stereo", 48_000)
    counts = {"frames": 0, "samples": 0}
    began = time.monotonic()
    for due, frame in itertools.takewhile(lambda pair: pair[0] < float(seconds), frames_of(clip)):
        time.sleep(max(0, began + due - time.monotonic()))
        if isinstance(frame, av.VideoFrame):
            scaled = frame.reformat(640, 360, "yuv420p")
            # Which frames are keyframes is the encoder's to say.
            scaled.pict_type = 0
            scaled.pts, scaled.time_base = counts["frames"], fractions.Fraction(1, 25)
            counts["frames"] += 1
            output.mux(picture.encode(scaled))
            continue
        # The resampler wants timestamps that go on where the clip begins again.
        frame.pts = None
        for part in resampler.resample(frame):
            part.pts, part.time_base = counts["samples"], fractions.Fraction(1, 48_000)
            counts["samples"] += part.samples
            output.mux(sound.encode(part))
    output.close()
    print(json.dumps({**counts, "version": av.ffmpeg_version_info}))


main(*sys.argv[1:])
