"""Joints as rows (x, y, flag), with the flags of each data set -> joints with visibility."""

from collections.abc import Callable, Mapping

import numpy as np

from mmhparse.structures import Skeleton

IRREGULARITIES = {
    'joint without place': 'a joint that is marked visible, with a coordinate that is negative or not a number, '
    'is unlabelled',
    'joint outside the image': 'the joint is unlabelled',
    'unknown flag': 'a joint with a flag other than 0, 1 or 2 is unlabelled',
}


def flagged_joints(
    rows: np.ndarray,
    visibility: Mapping[int, int],
    skeleton: Skeleton,
    size: tuple[int, int],
    note: Callable[[str, str], None],
) -> np.ndarray:
    """The usable joints of one person.

    A joint with negative or NaN coordinates is unlabelled, whatever its flag. Missing joints are not always at -1: some
    files hold scaled values, as -1.28, so that the sign decides.

    Args:
        rows: (K, 3) float; x, y in pixels and flag, which is rounded.
        visibility: The meaning of each flag: 0 unlabelled, 1 hidden, 2 visible.
        skeleton: Names the joints.
        size: (W, H) of the image.
        note: Receives kind and detail of each irregularity.

    Returns:
        (K, 3) float32; x, y and visibility; 0 where unlabelled.
    """
    places, flags = rows[:, :2], np.rint(rows[:, 2])
    seen = np.array([visibility.get(flag, -1) for flag in flags])
    known = np.isfinite(places).all(1) & (np.nan_to_num(places) >= 0).all(1)
    inside = known & (np.nan_to_num(places) < np.array(size) - 0.5).all(1)
    for joint in np.flatnonzero((seen == 2) & ~known).tolist():
        note('joint without place', f'{skeleton.joints[joint]} at {places[joint].tolist()}')
    for joint in np.flatnonzero((seen > 0) & known & ~inside).tolist():
        note('joint outside the image', f'{skeleton.joints[joint]} at {places[joint].tolist()}')
    for joint in np.flatnonzero(seen < 0).tolist():
        note('unknown flag', f'{skeleton.joints[joint]} has {rows[joint, 2]}')
    joints = np.zeros(rows.shape, np.float32)
    usable = (seen > 0) & inside
    joints[usable, :2], joints[usable, 2] = places[usable], seen[usable]
    return joints
