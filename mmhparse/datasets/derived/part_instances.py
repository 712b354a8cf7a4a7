"""Part instances: one map with a number for each part of each person."""

import numpy as np


def part_instance_map(
    part_map: np.ndarray, person_map: np.ndarray, num_classes: int, consecutive: bool = False
) -> np.ndarray:
    """The instance map of a part map and a person map.

    For example, with C = 20, class 13 of person 2 has the number (2 - 1) * 20 + 13 = 33; numbered consecutively, the
    parts (person 1, class 2), (1, 13), (2, 13) have 1, 2 and 3.

    Args:
        part_map: (H, W) part classes below C.
        person_map: (H, W) person ids.
        num_classes: C, with the background.
        consecutive: Number the present parts 1, 2 ... by person, then class, as converters to CIHP's layout do,
            instead of by CIHP's own rule (person - 1) * C + class, which in 8 bits ends at 255 // C people.

    Returns:
        (H, W) int32; 0 where there is no person or no part.
    """
    code = (person_map.astype(np.int32) - 1) * num_classes + part_map
    code[(part_map == 0) | (person_map == 0)] = 0
    if not consecutive:
        return code
    present = np.unique(code[code > 0])
    number = np.zeros(code.max(initial=0) + 1, np.int32)
    number[present] = np.arange(1, len(present) + 1)
    return number[code]
