"""Measures of several seeds: kept in a file, averaged, and compared in pairs."""

import json

import pytest

from mmhparse.commands import SeedResults
from mmhparse.utils import UsageError


def results(tmp_path):
    return SeedResults(tmp_path / 'results.jsonl', ['variant', 'decoder'], ['AP', 'mIoU'])


def test_intervals_are_students(tmp_path):
    found = results(tmp_path)
    for seed, value in enumerate((0.4, 0.5, 0.6)):
        found.add(seed, {('plain', 'x'): dict(AP=value, mIoU=0.5)})
    # t(0.975, 2) = 4.303; s = 0.1
    assert found.intervals(('plain', 'x')) == ['0.500 ± 0.248', '0.500 ± 0.000']
    found.add(0, {('once', 'x'): dict(AP=0.5, mIoU=0.5)})
    assert found.intervals(('once', 'x')) == ['0.500', '0.500']


def test_what_was_measured_is_there_again(tmp_path):
    first = results(tmp_path)
    first.add(3, {('plain', 'greedy'): dict(AP=0.5, mIoU=0.25), ('plain', 'optimum'): dict(AP=0.75, mIoU=None)})
    again = results(tmp_path)
    assert (('plain', 'greedy'), 3) in again
    assert (('plain', 'greedy'), 4) not in again and (('other', 'greedy'), 3) not in again
    assert again.intervals(('plain', 'greedy')) == first.intervals(('plain', 'greedy')) == ['0.500', '0.250']
    assert again.intervals(('plain', 'optimum')) == ['0.750', '–']
    line = (tmp_path / 'results.jsonl').read_text().splitlines()[0]
    assert json.loads(line) == dict(variant='plain', decoder='greedy', seed=3, AP=0.5, mIoU=0.25)


def test_a_file_of_another_version_is_refused_before_anything_is_trained(tmp_path):
    line = dict(variant='plain', seed=3, AP=0.5)
    (tmp_path / 'results.jsonl').write_text(json.dumps(line) + '\n')
    with pytest.raises(UsageError, match=r'results\.jsonl has a line without decoder, mIoU, .* move it away'):
        results(tmp_path)


def test_differences_are_paired_by_seed(tmp_path):
    found = results(tmp_path)
    for seed, base, own in ((0, 0.1, 0.2), (1, 0.5, 0.7), (2, 0.9, None)):
        found.add(seed, {('base', 'x'): dict(AP=base, mIoU=0.0)})
        if own is not None:
            found.add(seed, {('own', 'x'): dict(AP=own, mIoU=0.5)})
    # 0.1 and 0.2: t(0.975, 1) = 12.706, s = 0.0707
    assert found.differences(('own', 'x'), ('base', 'x')) == ['0.150 ± 0.635', '0.500 ± 0.000']
    assert found.differences(('own', 'x'), ('unknown', 'x')) == []
