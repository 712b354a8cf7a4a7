"""The original image behind a data sample, for pictures."""

from pathlib import Path

import cv2
import numpy as np
from mmengine.structures import BaseDataElement
from torch import Tensor

from mmhparse.datasets.readers import read_image


def image_name(sample: BaseDataElement) -> str:
    """The name of the image's file without its suffix; where there is no file, its id."""
    path = sample.metainfo.get('img_path')
    return Path(path).stem if path else f'{sample.metainfo["img_id"]:08d}'


def original_image(sample: BaseDataElement, packed: Tensor) -> np.ndarray:
    """The original image, (H, W, 3) uint8 RGB; where there is no file, the network input at the original size."""
    meta = sample.metainfo
    if meta.get('img_path'):
        # as the pipeline read it; a loader of another library that does not say reads the order in the file
        return np.ascontiguousarray(read_image(meta['img_path'], exif=meta.get('exif', False))[..., ::-1])
    rows, columns = meta['img_shape'][:2]
    height, width = meta['ori_shape'][:2]
    image = packed[[2, 1, 0], :rows, :columns].permute(1, 2, 0).cpu().numpy()
    return cv2.resize(np.ascontiguousarray(image), (width, height), interpolation=cv2.INTER_LINEAR)
