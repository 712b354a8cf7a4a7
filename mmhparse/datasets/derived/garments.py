"""Garments of Clothing Co-Parsing -> the 18 classes of ATR, with skin and shoes divided by a map of body parts.

Yang et al., "Clothing Co-Parsing by Joint Image Segmentation and Labeling" (CVPR 2014); Liang et al., "Deep Human
Parsing with Active Template Regression" (TPAMI 2015). CCP says neither which skin is an arm's nor which shoe is the
left one; ATR does.
"""

import cv2
import numpy as np
from scipy.ndimage import distance_transform_edt

from mmhparse.structures import ATR_18, DENSEPOSE_14, IGNORE

REACH = 0.2
"""Pixels whose body part does not decide take the class of the nearest that does, at most this far away, as a share of
the square root of the area of the person's box; beyond it they are ignored."""
ONE_SHOE = 0.8
"""A connected piece of shoe is one shoe if at least this share of it is of one side."""

_ARMS, _LEGS = ('left_arm', 'right_arm'), ('left_leg', 'right_leg')
_OF_GARMENT = {
    'hat': ('hat',),
    'hair': ('hair',),
    'sunglasses': ('sunglasses', 'glasses'),
    'upper_clothes': (
        'blazer', 'blouse', 'bra', 'cape', 'cardigan', 'coat', 'hoodie', 'jacket', 'jumper', 'shirt', 'suit', 'sweater',
        'sweatshirt', 't-shirt', 'tie', 'top', 'vest',
    ),
    'skirt': ('skirt',),
    'pants': ('jeans', 'leggings', 'pants', 'shorts'),
    'dress': ('bodysuit', 'dress', 'romper'),
    'belt': ('belt',),
    'bag': ('bag', 'purse', 'wallet'),
    'scarf': ('scarf',),
}  # fmt: skip
_DIVIDED = {
    ('face', *_ARMS, *_LEGS): ('skin',),
    _ARMS: ('bracelet', 'gloves', 'ring', 'watch'),
    _LEGS: ('socks', 'stockings', 'tights'),
    ('left_shoe', 'right_shoe'): (
        'boots', 'clogs', 'flats', 'heels', 'loafers', 'pumps', 'sandals', 'shoes', 'sneakers', 'wedges',
    ),
}  # fmt: skip

CCP_CLASSES = (
    'null', 'accessories', 'bag', 'belt', 'blazer', 'blouse', 'bodysuit', 'boots', 'bra', 'bracelet', 'cape',
    'cardigan', 'clogs', 'coat', 'dress', 'earrings', 'flats', 'glasses', 'gloves', 'hair', 'hat', 'heels', 'hoodie',
    'intimate', 'jacket', 'jeans', 'jumper', 'leggings', 'loafers', 'necklace', 'panties', 'pants', 'pumps', 'purse',
    'ring', 'romper', 'sandals', 'scarf', 'shirt', 'shoes', 'shorts', 'skin', 'skirt', 'sneakers', 'socks', 'stockings',
    'suit', 'sunglasses', 'sweater', 'sweatshirt', 'swimwear', 't-shirt', 'tie', 'tights', 'top', 'vest', 'wallet',
    'watch', 'wedges',
)  # fmt: skip
"""The 59 classes of CCP in their order; 0 is everything else."""

ATR_OF_CCP: dict[str, tuple[str, ...]] = {
    **{name: (target,) for target, names in _OF_GARMENT.items() for name in names},
    **{name: targets for targets, names in _DIVIDED.items() for name in names},
}
"""The classes of ATR that each class of CCP can become; where there are several, the body part decides. Classes that
are not here (accessories, earrings, necklaces, underwear and swimwear) are of the person and have no class: ignored."""


def _class_by_body(targets: tuple[str, ...]) -> np.ndarray:
    """(15,) uint8; for each of DensePose's parts the one of ``targets`` that lies there, 0 if none does."""
    table = np.zeros(len(DENSEPOSE_14), np.uint8)
    for label, part in enumerate(DENSEPOSE_14.parts):
        side, _, piece = part.partition('_')
        limb = 'arm' if piece in ('upper_arm', 'lower_arm', 'hand') else 'leg'
        for name in ('face' if part == 'head' else f'{side}_{limb}', f'{side}_shoe' if limb == 'leg' else ''):
            if name in targets:
                table[label] = ATR_18.parts.index(name)
    return table


def garment_map(labels: np.ndarray, body: np.ndarray) -> np.ndarray:
    """(H, W) uint8; ATR's class of each pixel of one person, 0 elsewhere, 255 = ignore.

    Args:
        labels: (H, W) uint8; CCP's classes.
        body: (H, W) uint8; DensePose's 14 parts on the person's pixels, 255 where unknown.

    Raises:
        ValueError: If the maps differ in size, or a label is none of CCP's.
    """
    if labels.shape != body.shape or labels.ndim != 2:
        raise ValueError(f'expected two (H, W) maps of one size, got {labels.shape} and {body.shape}.')
    if labels.max(initial=0) >= len(CCP_CLASSES):
        raise ValueError(f'CCP has classes 0 to {len(CCP_CLASSES) - 1}, got {labels.max()}.')
    person = labels > 0
    garments = np.where(person, np.uint8(IGNORE), np.uint8(0))
    for label, name in enumerate(CCP_CLASSES):
        targets = ATR_OF_CCP.get(name, ())
        if len(targets) == 1:
            garments[labels == label] = ATR_18.parts.index(targets[0])
    if not person.any():
        return garments
    rows, columns = np.nonzero(person)
    reach = REACH * np.sqrt((np.ptp(rows) + 1) * (np.ptp(columns) + 1))
    body = np.where(person & (body < len(DENSEPOSE_14)), body, 0)
    for targets, names in _DIVIDED.items():
        pixels = np.isin(labels, [CCP_CLASSES.index(name) for name in names])
        if pixels.any():
            garments[pixels] = _divided(pixels, _class_by_body(targets)[body], reach)
    _settle_shoes(garments)
    return garments


def _divided(pixels: np.ndarray, by_body: np.ndarray, reach: float) -> np.ndarray:
    """(N,) uint8; the class of each of N ``pixels`` (H, W): ``by_body`` (H, W) there or at the nearest place but 0."""
    decided = by_body > 0
    if not decided.any():
        return np.full(np.count_nonzero(pixels), IGNORE, np.uint8)
    # SciPy's stubs do not know that these options return two arrays
    distance, nearest = distance_transform_edt(~decided, return_indices=True)  # pyright: ignore[reportGeneralTypeIssues]
    classes = by_body[tuple(nearest)]  # (H, W)
    return np.where(distance > reach, np.uint8(IGNORE), classes)[pixels]


def _settle_shoes(garments: np.ndarray) -> None:
    """Makes connected pieces of shoe one shoe each, in place, unless both sides have a good share of a piece."""
    shoes = [ATR_18.parts.index(name) for name in ('left_shoe', 'right_shoe')]
    count, pieces = cv2.connectedComponents(np.isin(garments, shoes).astype(np.uint8))
    for piece in range(1, count):
        inside = pieces == piece
        left = (garments[inside] == shoes[0]).mean()
        if max(left, 1 - left) >= ONE_SHOE:
            garments[inside] = shoes[0] if left > 0.5 else shoes[1]
