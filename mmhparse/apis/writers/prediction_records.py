"""predictions/NAME.json: the record of one image, and of one video."""

import json
from pathlib import Path

from ..prediction import MAPS
from ..stream_item import StreamItem


class Records:
    """The prediction without its maps, as JSON. Written last: where it exists, the other files of the image do."""

    def paths(self, name: str) -> tuple[str, ...]:
        return (record_path(name),)

    def contents(self, item: StreamItem) -> tuple[bytes, ...]:
        plain = {key: value for key, value in item.prediction.items() if key not in MAPS}
        return (json.dumps(plain).encode(),)


def record_path(name: str) -> str:
    """Path of the record of an image or video, below the output folder."""
    return f'predictions/{name}.json'


def read_record(folder: Path, name: str) -> dict:
    """The record of an image: its prediction without maps; of a video: its path, number of frames, and fps."""
    return json.loads((folder / record_path(name)).read_text())


def frame_names(clip: str, frames: int) -> list[str]:
    """Names of the frames of a video."""
    return [frame_name(clip, index) for index in range(frames)]


def frame_name(clip: str, index: int) -> str:
    """The name of one frame, counted from 0."""
    return f'{clip}/{index:06d}'
