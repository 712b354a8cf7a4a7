"""HumanParsingInferencer: mmengine's BaseInferencer around the pipeline that parses photos."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config, ConfigDict
from mmengine.dataset import pseudo_collate
from mmengine.infer import BaseInferencer
from mmengine.logging import print_log
from mmengine.registry import DefaultScope
from tqdm import tqdm

from mmhparse.engine import allow_checkpoint_types, check_checkpoint
from mmhparse.engine.checkpoints import read_checkpoint, saved_config
from mmhparse.registry import INFERENCERS
from mmhparse.structures import PartSet, Skeleton
from mmhparse.utils import progress_bar
from mmhparse.utils.shown_text import file_name_of, printable
from mmhparse.visualization import HumanParseVisualizer

from .building import build_model, build_network, build_transforms, build_visualizer, check_sizes, checked_device
from .inputs import Inputs, count_inputs, name_inputs
from .model_names import BUNDLED_MODELS, DEFAULT_MODEL, unknown_model
from .networks import Backend, Precision, check_precision
from .output_folder import NoOutput
from .parsing_pipeline import ParsingPipeline
from .stream_item import StreamItem
from .stream_options import StreamOptions, stream_options


@INFERENCERS.register_module()
class HumanParsingInferencer(BaseInferencer):
    """Parses the people of photos with a trained model.

    The work is done by :class:`ParsingPipeline`, the attribute ``parsing_pipeline``.

    Example::

        infer = HumanParsingInferencer('configs/multi_granularity/mg-pgd_light_synthetic.py', 'model.pth')
        out = infer('photos/', out_dir='results')
        out['predictions'][0]['people']

    Args:
        model: Config file, config, or the name of a model that comes with the package (``BUNDLED_MODELS``); None for
            the config that the weights were saved with.
        weights: Checkpoint file or URL, or an export. A bundled model has its own. Random weights, with
            a warning, if only a config is given, in torch; the bundled model ``DEFAULT_MODEL`` if neither is given.
        device: Where to compute, e.g. 'cuda:0' or 'cpu'. Defaults to the GPU if torch sees one, and with
            OpenVINO to the CPU, the only device that it has here.
        scope: Registry scope in which types of the config are looked up first.
        show_progress: Whether to show a progress bar for more than one image.
        backend: What runs the network: 'torch', 'onnxruntime', or 'openvino', the fastest on the CPU where they were
            measured. The latter two take as weights a file of ``tools/deployment/export.py``, or any checkpoint, which
            is then exported in memory.
        precision: Of the network, among those of the backend (``PRECISIONS``), see :class:`TorchNetwork` and
            :class:`OpenVinoNetwork`. 'int8' is for bundled models of which the package has an export in int8; one of
            your own is given as ``weights``, without a precision.
        max_side: Pixels of the longer side of what the network sees, in place of the config's ``long_side``; smaller
            images are not enlarged.
        tile: Predict larger images in tiles of this many pixels, see :class:`TiledNetwork`. Without ``max_side``
            images keep their size; with ``tta`` it is needed, and a ``tta_pipeline`` of the config excludes both.
        overlap: Pixels that tiles share; half a tile if not given.
        tta: Whether to merge the fields of three sizes of each image and of their mirror images: slower and better.
        min_score: Least score of the people in the results, in [0, 1], see :func:`leave_out_people`.

    Raises:
        FileNotFoundError: If the config file does not exist.
        ValueError: If the weights do not exist or do not fit the model, the config lacks something, or an option
            does not fit the others.
    """

    # what mmengine's constructor sets, built by the methods below
    model: Any
    visualizer: HumanParseVisualizer

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
        min_score: float = 0.0,
    ):
        if not 0 <= min_score <= 1:
            raise ValueError(f'min_score must be in [0, 1], got {min_score}.')
        check_sizes(max_side, tile, overlap)
        check_precision(backend, precision)
        # checkpoints hold logged values beside the weights, which torch's safe reader must be told to accept
        allow_checkpoint_types()
        model, weights = _quantised_model(model, weights) if precision == 'int8' else _model_and_weights(model, weights)
        device = checked_device('cpu' if device is None and backend == 'openvino' else device)
        self.backend: Backend = backend
        self.device, self.max_side, self.tile, self.tta = device, max_side, tile, tta
        with DefaultScope.overwrite_default_scope(scope):
            super().__init__(model, weights, device, scope, show_progress)
        network = build_network(self.model, weights, backend, device, precision=precision, tile=tile, overlap=overlap)
        self.parsing_pipeline = ParsingPipeline(
            self.model,
            network,
            self.pipeline,
            self.collate_fn,
            self.visualizer,
            tta=tta,
            settings={
                'weights': weights and file_name_of(weights),
                'model': hashlib.sha256(repr(self.cfg.model.to_dict()).encode()).hexdigest()[:16],
                'precision': precision,
                'max_side': max_side,
                'tile': tile,
                'overlap': overlap,
                'tta': tta,
                'min_score': min_score,
            },
            min_score=min_score,
        )

    @property
    def skeleton(self) -> Skeleton:
        """The joints and limbs of predicted people."""
        return self.parsing_pipeline.codec.skeleton

    @property
    def part_set(self) -> PartSet:
        """The part classes of predicted maps."""
        return self.parsing_pipeline.codec.part_set

    def __call__(
        self,
        inputs: Inputs,
        return_datasamples: bool = False,
        batch_size: int = 1,
        *,
        return_vis: bool = False,
        **options: Any,
    ) -> dict:
        """Parses all inputs and returns the results together.

        Results are at the size of each image, upright as its EXIF orientation asks. Keeping the maps of
        thousands of images takes memory; :meth:`stream` returns them one by one instead.

        Args:
            inputs: A path, a URL, a glob pattern, a folder (with those in it), a video, the number of a camera, an
                array ((H, W, 3) uint8 BGR as OpenCV reads it; grey and BGRA too), a PIL image, or a list or generator
                of these.
            return_datasamples: Whether ``predictions`` holds :class:`HumanParseDataSample` instead of dicts.
            batch_size: Images per forward pass; they may differ in size.
            return_vis: Whether to draw pictures and return them.
            **options: The others of :class:`StreamOptions`: ``out_dir``, ``formats``, ``video_codec``, ``resume``,
                ``track``, ``draw``, ``show``, ``wait_time``, ``share``, ``people``.

        Returns:
            ``predictions``: one for each parsed image, in order, see :func:`mmhparse.apis.prediction.prediction_of`;
            ``visualization``: their pictures, RGB, if asked for, else empty;
            ``failures``: a :class:`FailedInput` for each of several inputs that could not be parsed.

        Raises:
            FileNotFoundError, OSError, ValueError, TypeError: If a single image or video cannot be read.
            OutputError: If ``out_dir`` takes no more files.
            ValueError: If ``people`` are given for another number of images.
            TypeError: If there is no such option.
        """
        options['draw'] = options.get('draw', False) or return_vis
        items, pictures = [], []
        for item in self.stream(inputs, batch_size, **options):
            if item.status == 'parsed':
                if return_vis:
                    pictures.append(item.picture)
                # only what is returned is kept
                item.picture = None
                if return_datasamples:
                    del item.prediction
                else:
                    del item.sample
            items.append(item)
        out = self.postprocess(items, pictures, return_datasamples)
        for failure in out['failures']:
            text = printable(f'Not parsed: {failure.source}: {failure.reason}')
            print_log(text, logger='current', level=logging.WARNING)
        return out

    def stream(self, inputs: Inputs, batch_size: int = 1, **options: Any) -> Iterator[StreamItem]:
        """Parses the inputs one batch after the other, and keeps nothing.

        Args:
            inputs: As in :meth:`__call__`.
            batch_size: Images per forward pass; they may differ in size.
            **options: The others of :class:`StreamOptions`.

        Returns:
            An iterator over the inputs in order, as :meth:`ParsingPipeline.run` describes it. Where ``status`` is
            'parsed', an item holds ``prediction``, ``sample`` and ``picture``; where it is 'failed', ``failure``.

        Raises:
            ValueError, TypeError: If an option is wrong or unknown. What can go wrong with inputs and files is raised
                by the iterator.
        """
        return self._stream(inputs, stream_options(batch_size=batch_size, **options))

    def _stream(self, inputs: Inputs, options: StreamOptions) -> Iterator[StreamItem]:
        count = count_inputs(inputs)
        if count is not None:
            count = len(range(options.share.rank, count, options.share.of))
        quiet = not self.show_progress or count == 1
        with (
            closing(self.parsing_pipeline.run(inputs, options)) as items,
            tqdm(disable=True) if quiet else progress_bar(count, 'Parsing') as bar,
        ):
            for item in items:
                if options.show and item.picture is not None:
                    self.visualizer.show(item.picture, win_name=printable(item.name), wait_time=options.wait_time)
                yield item
                bar.update(1)

    def preprocess(self, inputs: Inputs, batch_size: int = 1) -> Iterator[list[StreamItem]]:
        """mmengine's first step: reads the images and prepares them for the network.

        The four steps are for code that drives any inferencer step by step; they write nothing.

        Yields:
            Batches for :meth:`forward`.

        Raises:
            FileNotFoundError, OSError, ValueError, TypeError: If an input cannot be read.
        """
        items = self.parsing_pipeline.load(name_inputs(inputs), output=NoOutput(), strict=True)
        yield from self._get_chunk_data((item for item in items if item.is_pending_image), batch_size)

    def forward(self, inputs: list[StreamItem]) -> list[StreamItem]:
        """mmengine's second step: predicts and decodes a batch of :meth:`preprocess`."""
        return list(self.parsing_pipeline.decode(self.parsing_pipeline.predict(inputs, len(inputs))))

    def visualize(self, inputs: Any, preds: Iterable[StreamItem]) -> list[np.ndarray]:
        """mmengine's third step: the pictures, RGB, of what :meth:`forward` returned.

        Args:
            inputs: Not used: the items hold their images.
            preds: Parsed items.
        """
        items = self.parsing_pipeline.draw(preds, output=NoOutput())
        return [item.picture for item in items if item.picture is not None]

    def postprocess(
        self, preds: Sequence[StreamItem], visualization: list[np.ndarray], return_datasamples: bool = False
    ) -> dict:
        """mmengine's last step: what :meth:`__call__` returns.

        Args:
            preds: Parsed, failed and skipped items.
            visualization: Pictures.
            return_datasamples: Whether to return the data samples instead of dicts.
        """
        parsed = [item for item in preds if item.status == 'parsed']
        return {
            'predictions': [item.sample if return_datasamples else item.prediction for item in parsed],
            'visualization': visualization,
            'failures': [item.failure for item in preds if item.failure is not None],
        }

    def _load_model_from_metafile(self, model: str) -> tuple[Config, str]:
        """Looks a model up by name; raises the error of :func:`unknown_model`."""
        try:
            return super()._load_model_from_metafile(model)
        except (OSError, ValueError) as error:
            raise unknown_model(model) from error

    def _init_model(self, cfg: Config | ConfigDict, weights: str | None, device: str = 'cpu') -> Any:
        model = build_model(cfg, weights, self.backend)
        # other backends return their results on the CPU
        return model.to(device if self.backend == 'torch' else 'cpu')

    def _init_pipeline(self, cfg: Config | ConfigDict) -> Callable:
        return build_transforms(cfg, self.max_side, keep_size=self.tile is not None, tta=self.tta)

    def _init_collate(self, cfg: Config | ConfigDict) -> Callable:
        return super()._init_collate(cfg) if 'collate_fn' in cfg['test_dataloader'] else pseudo_collate

    def _init_visualizer(self, cfg: Config | ConfigDict) -> HumanParseVisualizer:
        return build_visualizer(cfg)


def _model_and_weights(
    model: str | Path | Config | ConfigDict | dict | None, weights: str | Path | None
) -> tuple[str | Config | ConfigDict | dict | None, str | None]:
    """Model and weights as mmengine's constructor takes them: bundled names resolved, and weights that exist."""
    if model is None and weights is None:
        model = DEFAULT_MODEL
    bundled = BUNDLED_MODELS.get(model) if isinstance(model, str) else None
    if weights is not None:
        weights = str(weights)
        check_checkpoint(weights)
    if bundled is None:
        return (str(model) if isinstance(model, Path) else model), weights
    if weights is None:
        return None, bundled.path
    return saved_config(read_checkpoint(bundled.path), bundled.path), weights


def _quantised_model(
    model: str | Path | Config | ConfigDict | dict | None, weights: str | Path | None
) -> tuple[None, str]:
    """No model, and the int8 export of a bundled one, as mmengine's constructor takes them.

    Raises:
        ValueError: If weights are given, or the package has no such export of the model.
    """
    bundled = BUNDLED_MODELS.get(model or DEFAULT_MODEL) if isinstance(model, str | None) else None
    if weights is not None or bundled is None or bundled.int8_path is None:
        known = [name for name, one in BUNDLED_MODELS.items() if one.int8_path is not None]
        raise ValueError(
            f"precision='int8' is there for the models {known} of the package, with their weights. Quantise others by "
            'tools/deployment/quantize_onnx.py, and give its file as weights, without precision.'
        )
    return None, bundled.int8_path
