"""Part instances: one map that tells the parts of all people apart, and the list of what it holds."""

import numpy as np


def part_instance_map(
    part_map: np.ndarray, person_map: np.ndarray, num_classes: int, consecutive: bool = False
) -> np.ndarray:
    """The instance map that belongs to a part map and a person map.

    Args:
        part_map: (H, W) part classes below C.
        person_map: (H, W) person ids.
        num_classes: C, with the background.
        consecutive: Number the parts that are there 1, 2 ... by person, then class, as converters to CIHP's layout do,
            instead of CIHP's own rule (person - 1) * C + class, whose 8 bits end at 255 // C people.

    Returns:
        (H, W) int32; 0 where there is nobody or no part.
    """
    code = (person_map.astype(np.int32) - 1) * num_classes + part_map
    code[(part_map == 0) | (person_map == 0)] = 0
    if not consecutive:
        return code
    present = np.unique(code[code > 0])
    number = np.zeros(code.max(initial=0) + 1, np.int32)
    number[present] = np.arange(1, len(present) + 1)
    return number[code]
