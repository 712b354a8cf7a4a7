"""HumanParsingInferencer: photos in, people with their parts out."""

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.dataset import pseudo_collate
from mmengine.infer import BaseInferencer
from mmengine.logging import print_log
from mmengine.registry import DefaultScope
from tqdm import tqdm

from mmhparse.codecs.given_people import GivenPeople
from mmhparse.engine import allow_checkpoint_types, check_checkpoint
from mmhparse.models.parsers import HumanParserTTA
from mmhparse.registry import INFERENCERS
from mmhparse.structures import HumanParseDataSample
from mmhparse.utils import progress_bar
from mmhparse.visualization import HumanParseVisualizer

from .batches import LoadedBatch, Skipped, Turn, load_batches
from .building import build_model, build_network, build_pipeline, build_visualizer, checked_device, tiled
from .inputs import (
    FailedInput,
    InputImage,
    Inputs,
    Item,
    count_inputs,
    is_single,
    name_inputs,
    refuse_own_results,
)
from .model_names import BUNDLED_WEIGHTS, unknown_model
from .networks import Backend, Precision
from .output_folder import OutputFolder
from .prediction import prediction_of
from .stages import ParsedImage, Predicted, Seen, finish, give_people, write
from .threads import in_background
from .writers import DEFAULT_FORMATS, Format


@INFERENCERS.register_module()
class HumanParsingInferencer(BaseInferencer):
    """Parses the people of photos with a trained model.

    Example::

        infer = HumanParsingInferencer('configs/multi_granularity/mg-pgd_light_synthetic.py', 'model.pth')
        out = infer('photos/', out_dir='results')
        out['predictions'][0]['people']

    Args:
        model: Config file, config, or None for the config that the weights were saved with.
        weights: Checkpoint file or URL, or an export for onnxruntime. Random weights, with a warning, if only a model
            is given; if neither is, the light parser that comes with the package (docs/model_card.md).
        device: Where to compute, e.g. 'cuda:0' or 'cpu'. Defaults to the GPU if torch sees one.
        scope: Registry scope in which types of the config are looked up first.
        show_progress: Whether to show a progress bar for more than one image.
        backend: 'torch', or 'onnxruntime' for weights that ``tools/deployment/export.py`` wrote.
        precision: Of the network in torch, see :class:`TorchNetwork`.
        max_side: Pixels of the longer side of what the network sees, in place of the config's ``long_side``; smaller
            images are not enlarged.
        tile: Predict larger images in tiles of this many pixels, see :class:`TiledNetwork`. Without ``max_side``
            images keep their size.
        overlap: Pixels that tiles share; half a tile if not given.
        tta: Whether to merge the fields of three sizes of each image and of their mirror images: slower and better.

    Raises:
        FileNotFoundError: If there is no such config file.
        ValueError: If there are no such weights, they do not fit the model, the config lacks something, or an option
            does not fit the others.
    """

    def __init__(
        self,
        model: str | Path | Config | ConfigDict | dict | None = None,
        weights: str | Path | None = None,
        device: str | None = None,
        scope: str = 'mmhparse',
        show_progress: bool = True,
        *,
        backend: Backend = 'torch',
        precision: Precision = 'float32',
        max_side: int | None = None,
        tile: int | None = None,
        overlap: int | None = None,
        tta: bool = False,
    ):
        # checkpoints hold logged values beside the weights, which torch's safe reader must be told to let pass
        allow_checkpoint_types()
        if model is None and weights is None:
            weights = BUNDLED_WEIGHTS
        if weights is not None:
            weights = str(weights)
            check_checkpoint(weights)
        if isinstance(model, Path):
            model = str(model)
        device = checked_device(device)
        self.backend, self.device, self._use_tta = backend, device, tta
        self.max_side, self.tile = max_side, tile
        with DefaultScope.overwrite_default_scope(scope):
            super().__init__(
                model=model,
                weights=weights,
                device=device,
                scope=scope,
                show_progress=show_progress,
            )
        self.skeleton, self.part_set = self.model.codec.skeleton, self.model.codec.part_set
        self.visualizer.dataset_meta = {'skeleton': self.skeleton, 'part_set': self.part_set}
        network = build_network(self.model, weights, backend, self.device, precision)
        self.network = tiled(network, tile, overlap)
        self.tta = HumanParserTTA(self.model) if tta else None
        self.settings = {
            'weights': weights and Path(weights).name,
            'model': hashlib.sha256(self.cfg.model.to_dict().__repr__().encode()).hexdigest()[:16],
            'precision': precision,
            'max_side': max_side,
            'tile': tile,
            'overlap': overlap,
            'tta': tta,
        }

    def __call__(
        self,
        inputs: Inputs,
        return_datasamples: bool = False,
        batch_size: int = 1,
        *,
        out_dir: str | Path = '',
        formats: Sequence[Format] | Format | Literal['all'] = DEFAULT_FORMATS,
        resume: bool = False,
        track: bool = True,
        return_vis: bool = False,
        show: bool = False,
        wait_time: float = 0,
        people: Sequence[GivenPeople] | None = None,
    ) -> dict:
        """Parses all inputs and returns the results together.

        Results are at the size of each image, turned upright as its EXIF orientation asks. Keeping the maps of
        thousands of images takes memory; :meth:`stream` hands them out one by one instead.

        Args:
            inputs: A path, a URL, a glob pattern, a folder (with those in it), a video, the number of a camera, an
                array ((H, W, 3) uint8 BGR as OpenCV reads it; grey and BGRA too), a PIL image, or a list or generator
                of these.
            return_datasamples: Whether ``predictions`` holds :class:`HumanParseDataSample` instead of dicts.
            batch_size: Images a pass; they may differ in size.
            out_dir: Folder for maps, JSON and pictures, see :class:`OutputFolder`; nothing is written if empty.
            formats: What to write there: some formats, one, or 'all'.
            resume: Whether inputs whose results are in ``out_dir`` are passed over; they are not returned.
            track: Whether the people of a video keep their ids from frame to frame.
            return_vis: Whether to draw pictures and return them.
            show: Whether to draw pictures and show each in a window.
            wait_time: Seconds that a window stays; 0 waits for a key.
            people: Another model's boxes or poses for each image, in place of our own people; see
                :meth:`mmhparse.codecs.DifferentiableGroupingCodec.decode`.

        Returns:
            ``predictions``: one a parsed image, in order, see :func:`mmhparse.apis.prediction.prediction_of`;
            ``visualization``: their pictures, RGB, if asked for, else empty;
            ``failures``: a :class:`FailedInput` for each of several inputs that could not be parsed.

        Raises:
            FileNotFoundError, OSError, ValueError, TypeError: If a single image or video cannot be read.
            OutputError: If ``out_dir`` takes no more files.
            ValueError: If ``people`` are given for another number of images.
        """
        predictions, pictures, failures = [], [], []
        options = dict(out_dir=out_dir, formats=formats, resume=resume, track=track, draw=return_vis, show=show)
        for result in self.stream(inputs, batch_size, wait_time=wait_time, people=people, **options):
            if isinstance(result, FailedInput):
                failures.append(result)
            elif isinstance(result, ParsedImage):
                predictions.append(result.sample if return_datasamples else result.prediction)
                if return_vis:
                    pictures.append(result.picture)
        for failure in failures:
            print_log(f'Not parsed: {failure.source}: {failure.reason}', logger='current', level=logging.WARNING)
        return {'predictions': predictions, 'visualization': pictures, 'failures': failures}

    def stream(
        self,
        inputs: Inputs,
        batch_size: int = 1,
        *,
        out_dir: str | Path = '',
        formats: Sequence[Format] | Format | Literal['all'] = DEFAULT_FORMATS,
        resume: bool = False,
        track: bool = True,
        draw: bool = False,
        show: bool = False,
        wait_time: float = 0,
        people: Sequence[GivenPeople] | None = None,
    ) -> Iterator[ParsedImage | FailedInput | Skipped]:
        """Parses the inputs one batch after the other, and keeps nothing.

        Reading, the network, decoding and writing overlap, each in a thread of its own, a few batches at most ahead
        of what was handed out.

        Args:
            inputs, batch_size, out_dir, formats, resume, track, show, wait_time, people: As in :meth:`__call__`.
            draw: Whether to draw pictures that ``out_dir`` does not need.

        Yields:
            In the order of the inputs: what came out for each image, already written to ``out_dir``; why nothing did;
            or what was passed over. Files that tell of all images are written at the end, also if that comes early.
        """
        if batch_size < 1:
            raise ValueError(f'batch_size must be at least 1, got {batch_size}.')
        count = count_inputs(inputs)
        if people is not None and count is not None and len(people) != count:
            raise ValueError(f'people are given for {len(people)} images, but there are {count}.')
        folder = None
        if out_dir:
            refuse_own_results(inputs, out_dir)
            folder = OutputFolder(out_dir, self.skeleton, self.part_set, formats, self.settings, resume)
        strict = is_single(inputs)
        chain = self.preprocess(name_inputs(inputs), batch_size, strict=strict, folder=folder)
        chain = map(partial(self._see, people=people), in_background(chain))
        chain = finish(in_background(chain), self, folder, draw or show, track)
        chain = write(in_background(chain), folder, strict)
        try:
            with closing(in_background(chain)) as results, self._progress(count) as bar:
                for result in results:
                    if isinstance(result, ParsedImage) and show:
                        self.visualizer.show(result.picture, win_name=result.prediction['name'], wait_time=wait_time)
                    yield result
                    bar.update(1)
        finally:
            if folder is not None:
                folder.close()
                folder.finish()

    def preprocess(
        self,
        inputs: Iterator[Item],
        batch_size: int = 1,
        *,
        strict: bool = False,
        folder: OutputFolder | None = None,
    ) -> Iterator[Turn]:
        """Reads and prepares the images, a batch at a time.

        Args:
            inputs: Named images and videos.
            batch_size: Images a pass.
            strict: Whether an image that cannot be read is an error.
            folder: Tells which are done.
        """
        is_done = {} if folder is None else dict(is_done=folder.is_done)
        return load_batches(inputs, batch_size, self.pipeline, self.collate_fn, strict=strict, **is_done)

    @torch.no_grad()
    def forward(self, inputs: dict) -> Predicted:
        """The network's pass over a batch.

        Args:
            inputs: ``data`` of a :class:`LoadedBatch`.
        """
        if self.network is None:
            return Predicted(self.model.test_step(inputs))
        if self.tta is not None:
            return Predicted([], views=self.tta.see(inputs, self.network))
        data = self.model.data_preprocessor(inputs, False)
        return Predicted(data['data_samples'], self.network(data['inputs']))

    @torch.no_grad()
    def decode(self, predicted: Predicted) -> list[HumanParseDataSample]:
        """People and parsing maps of the images of a batch."""
        if predicted.views is not None:
            return self.tta.merge_preds(predicted.views)
        if predicted.fields is None:
            return predicted.samples
        images = enumerate(predicted.samples)
        return [self.model.decode(predicted.fields.of_image(index).detach(), sample) for index, sample in images]

    def visualize(self, inputs: Sequence[np.ndarray], preds: Sequence[HumanParseDataSample]) -> list[np.ndarray]:
        """Draws the predictions.

        Args:
            inputs: The images, (H, W, 3) uint8 BGR each.
            preds: What was found in them.

        Returns:
            RGB pictures.
        """
        pairs = zip(inputs, preds, strict=True)
        return [self.visualizer.draw_sample(array[..., ::-1], sample) for array, sample in pairs]

    def postprocess(
        self,
        preds: Sequence[HumanParseDataSample],
        visualization: Sequence[np.ndarray | None],
        *,
        inputs: Sequence[InputImage],
    ) -> list[ParsedImage]:
        """Turns data samples into predictions.

        Args:
            preds: What was found.
            visualization: The pictures, or None each.
            inputs: Names of the images.
        """
        triples = zip(inputs, preds, visualization, strict=True)
        return [
            ParsedImage(prediction_of(image, sample, self.skeleton, self.part_set), sample, picture)
            for image, sample, picture in triples
        ]

    def _see(self, turn: Turn, people: Sequence[GivenPeople] | None) -> Turn | Seen:
        """The network's stage; what is no batch passes through."""
        if not isinstance(turn, LoadedBatch):
            return turn
        if people is not None:
            samples = turn.data['data_samples'] if self.tta is None else turn.data['data_samples'][0]
            give_people(samples, people, len(self.skeleton))
        return Seen(turn, self.forward(turn.data))

    def _progress(self, total: int | None) -> tqdm:
        return progress_bar(total, 'Parsing') if self.show_progress and total != 1 else tqdm(disable=True)

    def _load_model_from_metafile(self, model: str) -> tuple[Config, str]:
        """Looks a model up by name; raises what :func:`unknown_model` tells."""
        try:
            return super()._load_model_from_metafile(model)
        except (OSError, ValueError) as error:
            raise unknown_model(model) from error

    def _init_model(self, cfg: Config | ConfigDict, weights: str | None, device: str) -> torch.nn.Module:
        model = build_model(cfg, weights, self.backend)
        # what onnxruntime computes comes back to the CPU
        return model.to(device if self.backend == 'torch' else 'cpu')

    def _init_pipeline(self, cfg: Config | ConfigDict) -> Callable:
        return build_pipeline(cfg, self.max_side, keep_size=self.tile is not None, tta=self._use_tta)

    def _init_collate(self, cfg: Config | ConfigDict) -> Callable:
        return super()._init_collate(cfg) if 'collate_fn' in cfg.test_dataloader else pseudo_collate

    def _init_visualizer(self, cfg: Config | ConfigDict) -> HumanParseVisualizer:
        return build_visualizer(cfg)
