"""StreamItem: one input on its way through the pipeline, from what was named to what was found in it."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from PIL import Image

from mmhparse.datasets.readers import ImageSource, describe_source
from mmhparse.structures import HumanParseDataSample, ParseFields
from mmhparse.utils.shown_text import without_secrets

Source = ImageSource | Image.Image
"""What an image is read from: a path or URL, the bytes of a file, an array, or a PIL image."""

Status = Literal['pending', 'parsed', 'failed', 'skipped', 'ended']
"""How far an item is. ``ended`` is a video of which all frames have been read; the others are images, or inputs that
failed or were skipped as a whole."""


@dataclass(frozen=True)
class Clip:
    """A video, or the pictures of a camera.

    Attributes:
        name: What its output files are called.
        path: Path or URL to open, passwords included; None for a camera.
        camera: Number of the camera; None for a video.
        fps: Frames per second, of a variable rate the mean; 0 before the video is opened.
    """

    name: str
    path: str | None
    camera: int | None = None
    fps: float = 0.0


@dataclass(frozen=True)
class FailedInput:
    """Why an input has no result.

    Attributes:
        source: What was given, in words.
        reason: What is wrong with it, and what to do.
    """

    source: str
    reason: str


@dataclass(eq=False, repr=False)
class StreamItem:
    """An image, a frame of a video, or a video as a whole. Each stage of :class:`ParsingPipeline` fills in its part.

    Attributes without a default do not exist before their stage ran; those of the stages in between are removed again
    when no later stage needs them, so that a handed out item holds ``prediction``, ``sample`` and ``picture`` alone.

    Attributes:
        name: What its output files are called, with the folders below the one that was given. No two inputs of one
            call have the same name.
        source: What the image is read from; None for a video as a whole and for inputs of a wrong type.
        clip: The video, of a frame or as a whole.
        folder: The folder that was searched for it, if one was given.
        frame: Number of the frame in its video, from 0; of a video as a whole, how many frames were read.
        seconds: When a frame is shown, counted from the first one.
        num_images: How many images of the call it stands for: 1; of a video as a whole, 0, as its frames are items
            themselves, or all of its frames if it is skipped.
        status: How far it is.
        failure: Why it failed, if it did.
        index: Number of the image among all of the call, from 0. Stage: load.
        pixels: (H, W, 3) uint8 BGR, upright. Stage: load; removed after drawing.
        packed: The image prepared for the network, as the test pipeline packs it. Stage: load; removed by predict.
        sample: What was predicted. Stages: predict, decode.
        fields: Fields of the B images that the network saw at once, the same in each of B consecutive items; None from
            models that decode by themselves. Stage: predict; removed by decode.
        prediction: As of :func:`mmhparse.apis.prediction.prediction_of`. Stage: decode.
        picture: (H, W, 3) uint8 RGB with the people drawn; None where no picture was asked for. Stage: draw.
    """

    name: str
    source: Source | None = None
    clip: Clip | None = None
    frame: int = 0
    seconds: float = 0.0
    folder: str | None = None
    num_images: int = 1
    status: Status = 'pending'
    failure: FailedInput | None = None
    index: int = field(init=False)
    pixels: np.ndarray = field(init=False)
    packed: dict = field(init=False)
    sample: HumanParseDataSample = field(init=False)
    fields: ParseFields | None = field(init=False)
    prediction: dict = field(init=False)
    picture: np.ndarray | None = None

    def __repr__(self) -> str:
        return f'StreamItem({self.name!r}, status={self.status!r})'

    @property
    def is_clip(self) -> bool:
        """Whether it is a video as a whole."""
        return self.clip is not None and self.source is None

    @property
    def is_pending_image(self) -> bool:
        """Whether the next stage has an image to work on."""
        return self.status == 'pending' and not self.is_clip

    @property
    def path(self) -> str | None:
        """Path or URL (without passwords), of the video for a frame; None for bytes, arrays, PIL images and cameras."""
        path = self.source if self.clip is None else self.clip.path
        return without_secrets(path) if isinstance(path, str) else None

    @property
    def description(self) -> str:
        """What to call it in a message."""
        if self.path is not None:
            return self.path
        if isinstance(self.source, Image.Image):
            return f'{self.name}, PIL image of size {self.source.size}'
        return self.name if self.source is None else f'{self.name}, {describe_source(self.source)}'

    def fail(self, reason: str) -> 'StreamItem':
        """Marks it as failed, releases what stages have filled in, and returns it."""
        for path in (self.source, self.clip and self.clip.path):
            if isinstance(path, str):
                reason = reason.replace(path, without_secrets(path))
        self.status, self.failure, self.picture = 'failed', FailedInput(self.description, reason), None
        for name in ('pixels', 'packed', 'sample', 'fields', 'prediction'):
            self.__dict__.pop(name, None)
        return self
