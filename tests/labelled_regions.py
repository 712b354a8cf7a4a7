"""Label maps and their regions, for the tests of exchange with annotation tools."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mmhparse.datasets.annotation_tools import LabelledPhoto, PartClass, Region
from mmhparse.datasets.readers import encode_mask
from mmhparse.structures import DENSEPOSE_14

PARTS = [PartClass(name, (10 * n, 255 - n, n)) for n, name in enumerate(DENSEPOSE_14.parts[1:], start=1)]

Maps = tuple[np.ndarray, np.ndarray]
"""Part and person maps, (H, W)."""


def region_masks(maps: Maps) -> dict[tuple[int, str], np.ndarray]:
    """A mask (H, W) bool for each part of each person, by person and name of the part."""
    parts, people = maps
    return {
        (int(person), DENSEPOSE_14.parts[part]): (parts == part) & (people == person)
        for person in np.unique(people[people > 0])
        for part in np.unique(parts[people == person])
    }


def photo_of(maps: Maps, name: str = 'a/one.jpg') -> LabelledPhoto:
    """One region for each part of each person."""
    regions = [Region(part, person, encode_mask(mask)) for (person, part), mask in region_masks(maps).items()]
    return LabelledPhoto(name, maps[0].shape[::-1], tuple(regions))


@st.composite
def label_maps(draw, size: tuple[int, int] | None = None) -> Maps:
    """Maps in which a pixel has part and person or none; people are 1, 2, ... without gaps."""
    size = size or draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    labels = draw(arrays(np.int64, size, elements=st.integers(0, 6)))
    people = (labels + 2) // 3 * (labels > 0)
    _, people = np.unique(np.append(people, 0), return_inverse=True)
    return (labels % 3 + 1) * (labels > 0), people[:-1].reshape(size)
