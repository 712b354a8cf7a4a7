"""A file in the layout of BodyPix's weights, of a network that nobody trained."""

from pathlib import Path

import numpy as np
import torch

from mmhparse.models.teachers import BodyPix


def write_bodypix(path: Path, multiplier: float = 0.75, **changed: np.ndarray) -> Path:
    """Writes random weights, some of them replaced; the same ones each time."""
    torch.manual_seed(0)
    state = BodyPix(multiplier).state_dict()
    arrays = {name.removeprefix('backbone.'): value.numpy() for name, value in state.items()}
    np.savez(path, **(arrays | changed))
    return path
