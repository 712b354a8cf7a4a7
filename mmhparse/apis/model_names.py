"""The models that come with the package, and the config files that lie in the repository or beside the package."""

from dataclasses import dataclass
from pathlib import Path

import mmhparse

_WEIGHTS = Path(__file__).parents[1] / 'weights'


@dataclass(frozen=True)
class BundledModel:
    """A packed model in the package.

    Attributes:
        file: Name of its file in ``mmhparse/weights``, see :mod:`mmhparse.engine.packed_weights`.
        description: What it is, in one line.
        part_set: Name of the part set that it predicts.
        int8_file: Name of its export in int8, by tools/deployment/quantize_onnx.py; None if there is none.
    """

    file: str
    description: str
    part_set: str = 'densepose_14'
    int8_file: str | None = None

    @property
    def path(self) -> str:
        """Path of its file, which holds weights and config."""
        return str(_WEIGHTS / self.file)

    @property
    def int8_path(self) -> str | None:
        """Path of its export in int8, which holds weights and config; None if there is none."""
        return None if self.int8_file is None else str(_WEIGHTS / self.int8_file)


BUNDLED_MODELS = {
    'photos-14-parts': BundledModel(
        'mg-pgd_mobilenet_photos.npz',
        'light parser of 14 parts, trained on photos of COCO 2017',
        int8_file='mg-pgd_mobilenet_photos_int8.onnx',
    ),
    'photos-garments': BundledModel(
        'mg-pgd_mobilenet_garments.npz', 'light parser of 17 garments and limbs, trained on street photos', 'atr_18'
    ),
    'synthetic': BundledModel(
        'mg-pgd_light_synthetic.npz', 'light parser of 14 parts, trained on synthetic people: to try the software out'
    ),
}
"""By the names that ``HumanParsingInferencer(model=NAME)`` and ``tools/infer.py --model NAME`` take."""

DEFAULT_MODEL = 'photos-14-parts'
"""What is used where neither a model nor weights are given; docs/en/notes/model_card.md says what it is and is not."""


def describe_bundled_models() -> str:
    """The bundled models and what they are, in one line."""
    return '; '.join(f"'{name}' ({model.description})" for name, model in BUNDLED_MODELS.items())


def list_configs() -> list[Path]:
    """The leaf configs, those under ``_base_`` left out; empty where the package came without them."""
    package = Path(mmhparse.__file__).parent
    for folder in (package.parent / 'configs', package / '.mim' / 'configs'):
        if folder.is_dir():
            return sorted(path for path in folder.glob('*/*.py') if path.parent.name != '_base_')
    return []


def unknown_model(model: str) -> FileNotFoundError | ValueError:
    """The error for a ``model`` that is neither a config file nor the name of a model; it lists those that exist."""
    known = [str(path) for path in list_configs()]
    configs = f'Configs: {", ".join(known)}.' if known else 'Otherwise give the path of a config file.'
    hint = f'Bundled models: {describe_bundled_models()}. {configs}'
    if model.endswith(('.py', '.json', '.yaml', '.yml')):
        return FileNotFoundError(f"There is no config file '{model}'. {hint}")
    return ValueError(f"'{model}' is neither a config file nor the name of a model. {hint}")
