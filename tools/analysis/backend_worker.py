"""One backend in a process of its own, timed on request: what `bench_backends.py` starts.

Requests and answers are lines of JSON. The first request is a :class:`Job`; its answer lists the kinds of steps, of
'network' and 'whole'. Each other one is a kind, which is run on every photo once; its answer has milliseconds of wall
and of CPU, of all threads together, for each.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.config import Config

from mmhparse.apis import BUNDLED_MODELS, HumanParsingInferencer
from mmhparse.apis.building import build_model
from mmhparse.datasets.readers import read_image

Step = Callable[[np.ndarray], object]
"""What is timed; it takes a photo, (H, W, 3) uint8 BGR."""


@dataclass(frozen=True)
class Job:
    """What to time.

    Attributes:
        photos: Paths.
        threads: Of the CPU.
        long_side: Longer side in pixels of what the network sees.
        options: Of :class:`HumanParsingInferencer`; of BodyPix none.
        folded: Whether batch normalisation is folded into convolutions; if not, only the network of torch is timed.
        bodypix: BodyPix's weights, to time it instead.
    """

    photos: list[str]
    threads: int
    long_side: int
    options: dict[str, Any]
    folded: bool = True
    bodypix: str | None = None


def steps_of(job: Job) -> dict[str, Step]:
    """The steps of a job by kind."""
    if job.bodypix is not None:
        # beside this file; only this job needs it
        from bodypix_peer import BodyPixPeer, PeerOptions

        from mmhparse.models.teachers import load_bodypix

        peer = BodyPixPeer(load_bodypix(job.bodypix, 8), PeerOptions(long_side=job.long_side // 16 * 16 + 1))
        return {'network': peer.outputs, 'whole': peer}
    infer = HumanParsingInferencer(device='cpu', max_side=job.long_side, show_progress=False, **job.options)
    if job.folded:
        return {'network': network_step(infer, infer.parsing_pipeline.network), 'whole': infer}
    plain = build_model(Config(), BUNDLED_MODELS[job.options['model']].path, 'torch')
    plain.to(memory_format=torch.channels_last)
    return {'network': network_step(infer, torch.no_grad()(plain.predict_fields))}


def network_step(infer: HumanParsingInferencer, network: Callable[[torch.Tensor], object]) -> Step:
    """A network alone, on what the inferencer prepares for it; a photo is prepared once and found again."""
    prepared: dict[int, torch.Tensor] = {}

    def run(image: np.ndarray) -> object:
        if id(image) not in prepared:
            (batch,) = infer.preprocess(image)
            data = infer.collate_fn([item.packed for item in batch])
            prepared[id(image)] = infer.model.data_preprocessor(data, False)['inputs']  # (1, 3, H, W)
        return network(prepared[id(image)])

    return run


def timed(step: Step, images: list[np.ndarray]) -> list[tuple[float, float]]:
    """Milliseconds of wall and CPU of each photo."""
    times = []
    for image in images:
        wall, busy = time.perf_counter(), time.process_time()
        step(image)
        times.append((1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - busy)))
    return times


def main() -> None:
    # what libraries print goes to the terminal and not among the answers
    answers = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)

    def answer(value: object) -> None:
        print(json.dumps(value), file=answers, flush=True)

    job = Job(**json.loads(sys.stdin.readline()))
    torch.set_num_threads(job.threads)
    cv2.setNumThreads(job.threads)
    try:
        images = [read_image(path, exif=False) for path in job.photos]
        steps = steps_of(job)
    except (ModuleNotFoundError, OSError, ValueError) as error:
        answer(str(error))
        return
    answer(list(steps))
    for line in sys.stdin:
        answer(timed(steps[json.loads(line)], images))


if __name__ == '__main__':
    main()
