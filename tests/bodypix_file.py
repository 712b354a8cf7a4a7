"""A file in the layout of BodyPix's weights, of a network that nobody trained."""

from pathlib import Path

import numpy as np
import torch

from mmhparse.models.teachers import BodyPix


def write_bodypix(path: Path, multiplier: float = 0.75, seed: int = 0, **changed: np.ndarray) -> Path:
    """Writes random weights of a seed, some of them replaced."""
    torch.manual_seed(seed)
    state = BodyPix(multiplier).state_dict()
    arrays = {name.removeprefix('backbone.'): value.numpy() for name, value in state.items()}
    np.savez(path, **(arrays | changed))
    return path
