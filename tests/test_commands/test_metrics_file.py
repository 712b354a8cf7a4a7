"""metrics.json is plain JSON."""

import json

import numpy as np
import torch

from mmhparse.commands import write_metrics


def test_numbers_of_any_library_become_plain_and_keep_their_order(tmp_path):
    path = tmp_path / 'new' / 'metrics.json'
    written = write_metrics({'b': np.float32(0.5), 'a': torch.tensor(0.25), 'c': 1, 'd': float('nan')}, path)
    assert written == {'b': 0.5, 'a': 0.25, 'c': 1.0, 'd': None}
    assert json.loads(path.read_text()) == written
    assert list(json.loads(path.read_text())) == ['b', 'a', 'c', 'd']
