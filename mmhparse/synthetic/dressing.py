"""Dressing: a figure and an appearance -> strokes, each with its part.

A garment has the label of the body under it: a sleeve is arm, a skirt is leg. Objects, such as a backpack or a seat,
have part 0.
"""

import numpy as np

from mmhparse.structures import DENSEPOSE_14

from .appearance import Appearance
from .drawing import Colour, Fabric, Stroke
from .figure import Figure

_PART = {name: label for label, name in enumerate(DENSEPOSE_14.parts)}
_EYE = (30, 25, 25)

# Depths, in statures, added to those of the parts: the trunk hides the legs of a standing person, and arms at its sides
# are in front of it, while parts clearly behind it stay behind.
_TRUNK_DEPTH, _ARM_DEPTH, _HEAD_DEPTH = 0.06, 0.065, 0.075
_SEAT_DEPTH = -0.05
# from one stroke to the next on the same part
_OVER = 1e-3

# directions on the front of the head, in its axes: the face reaches 65 degrees from the middle
_TURNS = np.arange(14) * 2 * np.pi / 14
_FACE = np.array(
    [(np.sin(r) * np.sin(t), np.sin(r) * np.cos(t), np.cos(r)) for r in np.radians((65, 40, 15)) for t in _TURNS]
)
_FACE_RADII, _FACE_DOWN = (0.055, 0.068, 0.066), -0.018


def dress(figure: Figure, appearance: Appearance) -> list[Stroke]:
    """Strokes of a dressed person in statures from the pelvis, in any order; their depths decide about occlusion."""
    strokes = [*_trunk(figure, appearance), *_head(figure, appearance), *_face(figure, appearance)]
    for side in ('left', 'right'):
        strokes += _arm(figure, appearance, side)
        strokes += _leg(figure, appearance, side)
    if appearance.backpack:
        strokes.append(_backpack(figure, appearance.backpack))
    if figure.seated:
        strokes += _seat(figure, appearance)
    return strokes


def _stroke(part: str | None, spheres: list[tuple[np.ndarray, float]], fabric: Fabric | Colour, depth: float) -> Stroke:
    """The hull of spheres (centre, radius) as the viewer sees it; without a part it is an object."""
    discs = np.array([(point[0], point[1], radius) for point, radius in spheres])
    fabric = fabric if isinstance(fabric, Fabric) else Fabric(fabric)
    return Stroke(_PART[part] if part else 0, discs, depth, fabric)


def _between(start: np.ndarray, end: np.ndarray, share: float) -> np.ndarray:
    return start + share * (end - start)


def _middle_depth(start: np.ndarray, end: np.ndarray) -> float:
    return (start[2] + end[2]) / 2


def _trunk(figure: Figure, appearance: Appearance) -> list[Stroke]:
    girth = figure.body.girth
    hips, waist, shoulders = [], [], []
    for side in ('left', 'right'):
        hip, shoulder = figure[f'{side}_hip'], figure[f'{side}_shoulder']
        hips.append((hip, 0.056 * girth))
        waist.append((_between(hip, shoulder, 0.12), 0.058 * girth))
        shoulders.append((shoulder + (0, 0.006, 0), 0.034 * girth))
    middle = [(figure[name], 0.052 * girth) for name in ('chest_front', 'chest_back', 'belly', 'back')]
    neck = [(figure['neck'] + (0, 0.02, 0), 0.034), (_between(figure['neck'], figure['head'], 0.5), 0.03)]
    depth = _middle_depth(figure['pelvis'], figure['neck']) + _TRUNK_DEPTH
    return [
        _stroke('head', neck, appearance.skin, depth - 2 * _OVER),
        _stroke('torso', [*hips, *waist], appearance.bottom, depth - _OVER),
        _stroke('torso', [*shoulders, *waist, *middle], appearance.top, depth),
    ]


def _arm(figure: Figure, appearance: Appearance, side: str) -> list[Stroke]:
    girth, cloth = figure.body.girth, 1.14
    shoulder, elbow, wrist, hand = (figure[f'{side}_{point}'] for point in ('shoulder', 'elbow', 'wrist', 'hand'))
    upper, lower = f'{side}_upper_arm', f'{side}_lower_arm'
    wide, middle, thin = 0.038 * girth, 0.032 * girth, 0.026 * girth
    upper_depth = _middle_depth(shoulder, elbow) + _ARM_DEPTH
    lower_depth = _middle_depth(elbow, wrist) + _ARM_DEPTH + 2 * _OVER
    strokes = [
        _stroke(upper, [(shoulder, wide), (elbow, middle)], appearance.skin, upper_depth),
        _stroke(f'{side}_hand', [(wrist, 0.026), (hand, 0.036)], appearance.skin, lower_depth + 2 * _OVER),
        _stroke(lower, [(elbow, middle), (wrist, thin)], appearance.skin, lower_depth),
    ]
    if appearance.sleeves != 'none':
        cuff = elbow if appearance.sleeves == 'long' else _between(shoulder, elbow, 0.6)
        sleeve = [(shoulder, cloth * wide), (cuff, cloth * middle)]
        strokes.append(_stroke(upper, sleeve, appearance.top, upper_depth + _OVER))
    if appearance.sleeves == 'long':
        sleeve = [(elbow, cloth * middle), (_between(elbow, wrist, 0.92), cloth * thin)]
        strokes.append(_stroke(lower, sleeve, appearance.top, lower_depth + _OVER))
    return strokes


def _leg(figure: Figure, appearance: Appearance, side: str) -> list[Stroke]:
    girth, cloth = figure.body.girth, 1.1
    hip, knee, ankle, heel, toe = (figure[f'{side}_{point}'] for point in ('hip', 'knee', 'ankle', 'heel', 'toe'))
    upper, lower = f'{side}_upper_leg', f'{side}_lower_leg'
    wide, middle, thin = 0.058 * girth, 0.044 * girth, 0.03 * girth
    upper_depth, lower_depth = _middle_depth(hip, knee), _middle_depth(knee, ankle) - 3 * _OVER
    foot = [(heel, 0.03), (ankle, 0.026), (toe, 0.028)]
    strokes = [
        _stroke(upper, [(hip, wide), (knee, middle)], appearance.skin, upper_depth),
        _stroke(lower, [(knee, middle), (ankle, thin)], appearance.skin, lower_depth),
        _stroke(f'{side}_foot', foot, appearance.shoes, _middle_depth(heel, toe) + _OVER),
    ]
    hem, flare = {'trousers': (1.0, 1.0), 'shorts': (0.62, 1.15), 'skirt': (0.6, 1.55)}[appearance.legwear]
    garment = [(hip, cloth * wide), (_between(hip, knee, hem), cloth * flare * middle)]
    strokes.append(_stroke(upper, garment, appearance.bottom, upper_depth + _OVER))
    if appearance.legwear == 'trousers':
        garment = [(knee, cloth * middle), (_between(knee, ankle, 0.93), 1.3 * thin)]
        strokes.append(_stroke(lower, garment, appearance.bottom, lower_depth + _OVER))
    return strokes


def _head(figure: Figure, appearance: Appearance) -> list[Stroke]:
    """Skull, hair and hat."""
    size, centre, axes = figure.body.head, figure['head'], figure.head_axes

    def sphere(left: float, up: float, forwards: float, radius: float) -> tuple[np.ndarray, float]:
        return centre + size * (axes @ (left, up, forwards)), size * radius

    depth, hair = centre[2] + _HEAD_DEPTH, Fabric(appearance.hair_colour)
    skull = [sphere(0, 0.026, -0.006, 0.059), sphere(0, -0.045, 0.014, 0.04)]
    strokes = [_stroke('head', skull, appearance.skin, depth)]
    if appearance.hair != 'none':
        cap = [sphere(0, 0.034, -0.012, 0.062), sphere(0, -0.005, -0.025, 0.05)]
        strokes.append(_stroke('head', cap, hair, depth + _OVER))
    if appearance.hair == 'long':
        falling = [
            sphere(0, 0.026, -0.01, 0.062),
            sphere(0.035, -0.11, -0.045, 0.032),
            sphere(-0.035, -0.11, -0.045, 0.032),
        ]
        # behind the trunk of a person who faces the viewer, before it in the view from the back
        strokes.append(_stroke('head', falling, hair, depth - 0.05 * axes[2, 2] - _OVER))
    if appearance.hat:
        brim = [sphere(0, 0.05, 0.02, 0.054), sphere(0, 0.045, 0.07, 0.03)]
        crown = [sphere(0, 0.066, -0.004, 0.054), sphere(0, 0.055, -0.004, 0.062)]
        # the brim points towards the viewer or away
        over_face = 4 * _OVER if axes[2, 2] > 0 else -2 * _OVER
        strokes.append(_stroke('head', brim, Fabric(appearance.hat.colour), depth + over_face))
        strokes.append(_stroke('head', crown, appearance.hat, depth + 5 * _OVER))
    return strokes


def _face(figure: Figure, appearance: Appearance) -> list[Stroke]:
    """Cheeks, ears, eyes and nose, as far as they are turned to the viewer."""
    size, centre = figure.body.head, figure['head']
    offsets = size * (_FACE * _FACE_RADII + (0, _FACE_DOWN, 0)) @ figure.head_axes.T
    cheeks = [(centre + offset, 0.004) for offset in offsets[offsets[:, 2] > 0]]
    shadow = tuple(int(0.8 * value) for value in appearance.skin)
    features = [
        ('left_ear', -0.025, 0.015, appearance.skin),
        ('right_ear', -0.025, 0.015, appearance.skin),
        ('left_eye', 0.015, 0.0095, _EYE),
        ('right_eye', 0.015, 0.0095, _EYE),
        ('nose', 0.015, 0.012, shadow),
    ]
    depth = centre[2] + _HEAD_DEPTH + 2 * _OVER
    strokes = [_stroke('head', cheeks, appearance.skin, depth)] if cheeks else []
    for name, farthest, radius, colour in features:
        if figure[name][2] - centre[2] > farthest:
            strokes.append(_stroke('head', [(figure[name], radius * size)], colour, depth + _OVER))
    return strokes


def _backpack(figure: Figure, fabric: Fabric) -> Stroke:
    behind = figure['chest_back'] - figure['chest_front']
    behind = 0.075 * behind / np.linalg.norm(behind)
    spheres = [(_between(figure['pelvis'], figure['neck'], share) + behind, 0.065) for share in (0.35, 0.75)]
    return _stroke(None, spheres, fabric, spheres[0][0][2] + _TRUNK_DEPTH)


def _seat(figure: Figure, appearance: Appearance) -> list[Stroke]:
    """A stool under the thighs."""
    middle = figure['pelvis']
    ground = max(figure[f'{side}_{end}'][1] for side in ('left', 'right') for end in ('heel', 'toe'))
    half, top, bottom, thick = 0.12, 0.07, ground - middle[1], 0.015
    board = [(middle + (x, top + y, 0), thick) for x in (-half, half) for y in (0, 0.02)]
    legs = [[(middle + (x, y, 0), thick) for y in (top, bottom)] for x in (-half, half)]
    return [_stroke(None, spheres, appearance.hair_colour, middle[2] + _SEAT_DEPTH) for spheres in (board, *legs)]
