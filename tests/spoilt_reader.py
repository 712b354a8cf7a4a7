"""Reads spoilt data sets in a process of its own, which may be killed or hang without taking the tests with it."""

import json
import re
import select
import subprocess
import sys
from pathlib import Path

SECONDS = 250
"""A reader that answers later hangs."""
_REMEDY = re.compile(
    r'expected|fetch|remove|export|set |give|store|number them|must|use |keep|save|check|lacks|replace|must be listed',
    re.IGNORECASE,
)


class SpoiltReader:
    """A process that opens data sets and reads all of their annotations."""

    def __init__(self):
        self.process: subprocess.Popen | None = None

    def read(self, dataset: dict) -> str:
        """Reads the data set of a config: 'right', or the message of the error that told what is wrong.

        Fails if the process ends or hangs, another error is raised, or what was read contradicts itself.
        """
        if self.process is None:
            command = [sys.executable, '-W', 'ignore', str(Path(__file__))]
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(dataset) + '\n')
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], SECONDS)
        answer = self.process.stdout.readline() if ready else ''
        if not answer:
            state = self.process.poll()
            self.close()
            raise AssertionError('the reader hangs' if state is None else f'the reader was killed: {state}')
        kind, message = json.loads(answer)
        assert kind != 'wrong', message
        if kind == 'error':
            assert _REMEDY.search(message), f'no remedy: {message}'
        return 'right' if kind == 'right' else message

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def _check(annotation) -> None:
    import numpy as np

    people = len(annotation)
    assert annotation.part_map.dtype == np.uint8 and annotation.person_map.dtype == np.int32
    present = set(np.unique(annotation.person_map).tolist()) - {0, 255}
    assert present <= set(range(1, people + 1)), f'{present} of {people} people'
    assert np.isfinite(annotation.joints).all() and np.isfinite(annotation.boxes).all()
    assert np.isin(annotation.joints[..., 2], (0, 1, 2)).all()
    width, height = annotation.size
    labelled = annotation.joints[annotation.joints[..., 2] > 0]
    assert (labelled[:, 0] < width).all() and (labelled[:, 1] < height).all() and (labelled > -0.51).all()


def _answer(config: dict) -> tuple[str, str]:
    import traceback

    from mmhparse.registry import DATASETS

    try:
        dataset = DATASETS.build(config)
        for index in range(len(dataset)):
            info = dataset.get_data_info(index)
            try:
                _check(dataset.load_annotation(info))
            finally:
                dataset.irregularities(info)
        return 'right', ''
    except (ValueError, OSError) as error:
        return 'error', str(error)
    except BaseException:
        return 'wrong', traceback.format_exc()


def main() -> None:
    import logging
    import os

    from mmengine.registry import init_default_scope

    init_default_scope('mmhparse')
    logging.disable(logging.CRITICAL)
    answers = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(json.dumps(_answer(json.loads(line))) + '\n')
        answers.flush()


if __name__ == '__main__':
    main()
