"""HumanParsingInferencer: photos in, people with their parts out."""

import copy
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.dataset import Compose, pseudo_collate
from mmengine.infer import BaseInferencer
from mmengine.logging import print_log
from mmengine.registry import DefaultScope
from tqdm import tqdm

from mhparse.codecs.given_people import GivenPeople, read_given_people
from mhparse.engine import allow_checkpoint_types, check_checkpoint, progress_bar
from mhparse.registry import INFERENCERS, MODELS, VISUALIZERS
from mhparse.structures import HumanParseDataSample
from mhparse.visualization import HumanParseVisualizer

from .batches import LoadedBatch, load_batches
from .configs import unknown_model
from .inputs import FailedInput, InputImage, Inputs, is_single, list_inputs
from .output_folder import OutputFolder
from .prediction import prediction_of
from .weights import load_weights, read_checkpoint, saved_config


@dataclass(frozen=True, eq=False)
class ParsedImage:
    """What came out for one image.

    Attributes:
        prediction: As of :func:`mhparse.apis.prediction.prediction_of`.
        sample: The same as the model left it.
        picture: (H, W, 3) uint8 RGB with the people drawn, where one was asked for.
    """

    prediction: dict
    sample: HumanParseDataSample
    picture: np.ndarray | None


@INFERENCERS.register_module()
class HumanParsingInferencer(BaseInferencer):
    """Parses the people of photos with a trained model.

    Example::

        infer = HumanParsingInferencer('configs/multi_granularity/mg-pgd_light_synthetic.py', 'model.pth')
        out = infer('photos/', out_dir='results')
        out['predictions'][0]['people']

    Args:
        model: Config file, config, or None for the config that the weights were saved with.
        weights: Checkpoint file or URL; random weights, with a warning, if not given.
        device: Where to compute, e.g. 'cuda:0' or 'cpu'. Defaults to the GPU if torch sees one.
        scope: Registry scope in which types of the config are looked up first.
        show_progress: Whether to show a progress bar for more than one image.

    Raises:
        FileNotFoundError: If there is no such config file.
        ValueError: If there are no such weights, they do not fit the model, or the config lacks something.
    """

    def __init__(
        self,
        model: str | Path | Config | ConfigDict | dict | None = None,
        weights: str | Path | None = None,
        device: str | None = None,
        scope: str = 'mhparse',
        show_progress: bool = True,
    ):
        # checkpoints hold logged values beside the weights, which torch's safe reader must be told to let pass
        allow_checkpoint_types()
        if weights is not None:
            weights = str(weights)
            check_checkpoint(weights)
        if isinstance(model, Path):
            model = str(model)
        with DefaultScope.overwrite_default_scope(scope):
            super().__init__(
                model=model,
                weights=weights,
                device=device or ('cuda' if torch.cuda.is_available() else 'cpu'),
                scope=scope,
                show_progress=show_progress,
            )
        self.skeleton, self.part_set = self.model.codec.skeleton, self.model.codec.part_set
        self.visualizer.dataset_meta = {'skeleton': self.skeleton, 'part_set': self.part_set}

    def __call__(
        self,
        inputs: Inputs,
        return_datasamples: bool = False,
        batch_size: int = 1,
        *,
        out_dir: str | Path = '',
        draw_pictures: bool = True,
        return_vis: bool = False,
        show: bool = False,
        wait_time: float = 0,
        people: Sequence[GivenPeople] | None = None,
    ) -> dict:
        """Parses all inputs and returns the results together.

        Results are at the size of each image, turned upright as its EXIF orientation asks. Keeping the maps of
        thousands of images takes memory; :meth:`stream` hands them out one by one instead.

        Args:
            inputs: A path, a URL, an array ((H, W, 3) uint8 BGR as OpenCV reads it; grey and BGRA too), a folder, or
                a list of these.
            return_datasamples: Whether ``predictions`` holds :class:`HumanParseDataSample` instead of dicts.
            batch_size: Images a pass.
            out_dir: Folder for maps, JSON and pictures, see :class:`OutputFolder`; nothing is written if empty.
            draw_pictures: Whether to draw pictures for ``out_dir``.
            return_vis: Whether to draw pictures and return them.
            show: Whether to draw pictures and show each in a window. All that are drawn are written to ``out_dir``.
            wait_time: Seconds that a window stays; 0 waits for a key.
            people: Another model's boxes or poses for each image, in place of our own people; see
                :meth:`mhparse.codecs.DifferentiableGroupingCodec.decode`.

        Returns:
            ``predictions``: one a parsed image, in order, see :func:`mhparse.apis.prediction.prediction_of`;
            ``visualization``: their pictures, RGB, if asked for, else empty;
            ``failures``: a :class:`FailedInput` for each member of a list or folder that could not be parsed.

        Raises:
            FileNotFoundError, OSError, ValueError, TypeError: If a single image cannot be read.
            ValueError: If ``people`` are given for another number of images.
        """
        predictions, pictures, failures = [], [], []
        draw = return_vis or (bool(out_dir) and draw_pictures)
        for result in self.stream(
            inputs, batch_size, out_dir=out_dir, draw=draw, show=show, wait_time=wait_time, people=people
        ):
            if isinstance(result, FailedInput):
                failures.append(result)
                continue
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
        draw: bool = False,
        show: bool = False,
        wait_time: float = 0,
        people: Sequence[GivenPeople] | None = None,
    ) -> Iterator[ParsedImage | FailedInput]:
        """Parses the inputs one batch after the other, and keeps nothing.

        Args:
            inputs, batch_size, out_dir, show, wait_time, people: As in :meth:`__call__`.
            draw: Whether to draw pictures.

        Yields:
            What came out for each image, already written to ``out_dir``, or why nothing did.
        """
        listed = list_inputs(inputs)
        folder = OutputFolder(out_dir) if out_dir else None
        if people is not None and len(people) != len(listed.images):
            raise ValueError(f'people are given for {len(people)} images, but there are {len(listed.images)}.')
        yield from listed.failures
        with self._progress(len(listed.images)) as bar:
            for batch in self.preprocess(listed.images, batch_size, strict=is_single(inputs)):
                yield from batch.failures
                if batch.data is not None:
                    for sample in batch.data['data_samples'] if people is not None else ():
                        sample.given_people = read_given_people(people[sample.img_id], len(self.skeleton))
                    samples = self.forward(batch.data)
                    pictures = [None] * len(samples)
                    if draw or show:
                        pictures = self.visualize(batch.inputs, samples, batch.pixels, show=show, wait_time=wait_time)
                    yield from self.postprocess(samples, pictures, inputs=batch.inputs, folder=folder)
                bar.update(len(batch))

    def preprocess(
        self, inputs: Sequence[InputImage], batch_size: int = 1, *, strict: bool = False
    ) -> Iterator[LoadedBatch]:
        """Reads and prepares the images, a batch at a time.

        Args:
            inputs: Named images.
            batch_size: Images a pass.
            strict: Whether an image that cannot be read is an error.
        """
        return load_batches(inputs, batch_size, self.pipeline, self.collate_fn, strict=strict)

    def visualize(
        self,
        inputs: Sequence[InputImage],
        preds: Sequence[HumanParseDataSample],
        pixels: Sequence[np.ndarray],
        *,
        show: bool = False,
        wait_time: float = 0,
    ) -> list[np.ndarray]:
        """Draws the predictions.

        Args:
            inputs: Names of the images.
            preds: What was found in them.
            pixels: The images, (H, W, 3) uint8 BGR each.
            show: Whether to show each picture in a window.
            wait_time: Seconds that a window stays; 0 waits for a key.

        Returns:
            RGB pictures.
        """
        pictures = []
        for image, sample, array in zip(inputs, preds, pixels, strict=True):
            picture = self.visualizer.draw_sample(array[..., ::-1], sample)
            if show:
                self.visualizer.show(picture, win_name=image.name, wait_time=wait_time)
            pictures.append(picture)
        return pictures

    def postprocess(
        self,
        preds: Sequence[HumanParseDataSample],
        visualization: Sequence[np.ndarray | None],
        *,
        inputs: Sequence[InputImage],
        folder: OutputFolder | None = None,
    ) -> list[ParsedImage]:
        """Turns data samples into predictions and writes them.

        Args:
            preds: What was found.
            visualization: The pictures, or None each.
            inputs: Names of the images.
            folder: Where to write; nowhere if None.
        """
        results = []
        for image, sample, picture in zip(inputs, preds, visualization, strict=True):
            prediction = prediction_of(image, sample, self.skeleton, self.part_set)
            if folder is not None:
                folder.write(prediction, self.part_set, picture)
            results.append(ParsedImage(prediction, sample, picture))
        return results

    def _progress(self, total: int) -> tqdm:
        return progress_bar(total, 'Parsing') if self.show_progress and total > 1 else tqdm(disable=True)

    def _load_model_from_metafile(self, model: str) -> tuple[Config, str]:
        """Looks a model up by name.

        Raises:
            FileNotFoundError: If ``model`` looks like a path, for there is no such file.
            ValueError: If no model has that name.
        """
        try:
            return super()._load_model_from_metafile(model)
        except (OSError, ValueError) as error:
            raise unknown_model(model) from error

    def _init_model(self, cfg: Config | ConfigDict, weights: str | None, device: str) -> torch.nn.Module:
        """Builds the model and loads all of its weights; mmengine would leave out what does not fit."""
        checkpoint = None if weights is None else read_checkpoint(weights)
        if not cfg:
            cfg.update(saved_config(checkpoint, weights)._cfg_dict)
        if 'model' not in cfg:
            raise ValueError(f"The config has no 'model', only {sorted(cfg)}; give the config of a model.")
        model = MODELS.build(cfg.model)
        model.cfg = cfg  # as other OpenMMLab inferencers leave it
        if checkpoint is None:
            warnings.warn('No weights were given: the model is random, and so are its results.', stacklevel=4)
        else:
            load_weights(model, checkpoint)
        return model.to(device).eval()

    def _init_pipeline(self, cfg: Config | ConfigDict) -> Callable:
        """The transforms of the test data set, but reading images (and turning them) instead of loading annotations."""
        try:
            steps = cfg.test_dataloader.dataset.pipeline
        except AttributeError as error:
            raise ValueError(
                'The config has no test_dataloader.dataset.pipeline, which says how images are prepared. It needs '
                "dict(type='ResizeLongSide', ...) and dict(type='PackHumanParseInputs')."
            ) from error
        others = [step for step in steps if not _type_name(step).startswith('Load')]
        return Compose([{'type': 'LoadImage', 'exif': True}, *copy.deepcopy(others)])

    def _init_collate(self, cfg: Config | ConfigDict) -> Callable:
        return super()._init_collate(cfg) if 'collate_fn' in cfg.test_dataloader else pseudo_collate

    def _init_visualizer(self, cfg: Config | ConfigDict) -> HumanParseVisualizer:
        """A visualizer with the options of the config, of which the backends are left out: nothing is logged here."""
        options = dict(cfg.get('visualizer') or {'type': 'HumanParseVisualizer'})
        kind = options.pop('type')
        options.pop('vis_backends', None)
        # mmengine marks what a config inherits from a package
        options.pop('_scope_', None)
        return (VISUALIZERS.get(kind) if isinstance(kind, str) else kind)(**options)


def _type_name(step: dict) -> str:
    """The bare class name of a transform's config: 'LoadImage' for 'mhparse.LoadImage' too."""
    kind = step['type']
    return kind.rsplit('.', 1)[-1] if isinstance(kind, str) else kind.__name__
