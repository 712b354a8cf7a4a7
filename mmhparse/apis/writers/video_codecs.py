"""The codecs of videos/: which there are, and which this installation can write."""

import logging
from importlib.util import find_spec
from typing import Literal, get_args

from mmengine.logging import print_log

WrittenCodec = Literal['h264', 'vp9', 'mpeg4']
"""What a video can be written in. The first two need PyAV, keep sound and time stamps, and are played by browsers."""

VideoCodec = Literal['auto', WrittenCodec]
"""What can be asked for; ``auto`` is h264 where PyAV is installed, and otherwise mpeg4, with a warning."""

ENCODERS = {'h264': 'libx264', 'vp9': 'libvpx-vp9'}
"""FFmpeg's encoders, which PyAV's wheels contain."""

_OTHERWISE = (
    "or choose the codec mpeg4 (--video-codec mpeg4), which browsers do not play, or leave the format 'videos' out"
)


def check_codec(codec: VideoCodec) -> None:
    """Checks, before the work begins, that this installation can write a codec that was asked for by name.

    Raises:
        ValueError: If there is no such codec, or PyAV was built without its encoder.
        ModuleNotFoundError: If PyAV is not installed.
    """
    if codec not in get_args(VideoCodec):
        raise ValueError(f'video_codec must be among {get_args(VideoCodec)}, got {codec!r}.')
    if codec not in ENCODERS:
        return
    try:
        import av
        from av.codec import Codec
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f'Videos in {codec} need PyAV, which is not installed: pip install "mmhparse[video]"; {_OTHERWISE}.'
        ) from error
    try:
        Codec(ENCODERS[codec], 'w')
    except ValueError as error:
        raise ValueError(
            f'This build of PyAV ({av.__version__}) has no encoder {ENCODERS[codec]} for videos in {codec}. The wheels '
            f'of PyPI have: pip install --force-reinstall --only-binary av av; {_OTHERWISE}.'
        ) from error


def written_codec(codec: VideoCodec) -> WrittenCodec:
    """The codec that a video is written in; warns where ``auto`` is one that browsers do not play."""
    if codec != 'auto':
        return codec
    if find_spec('av') is not None:
        check_codec('h264')
        return 'h264'
    print_log(
        'Videos are written as MPEG-4 part 2, without sound: browsers do not play them. For H.264: pip install '
        '"mmhparse[video]". To keep MPEG-4 without this warning: --video-codec mpeg4 (video_codec="mpeg4")',
        'current',
        logging.WARNING,
    )
    return 'mpeg4'
