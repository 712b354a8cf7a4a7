"""The bundled model, and the config files that lie in the repository, or in the package where pip or mim put them."""

from pathlib import Path

import mmhparse

BUNDLED_WEIGHTS = str(Path(__file__).parents[1] / 'weights' / 'mg-pgd_light_synthetic.npz')
"""The light parser that comes with the package; docs/model_card.md says what it is and is not."""


def list_configs() -> list[Path]:
    """The leaf configs, those under ``_base_`` left out; empty where the package came without them."""
    package = Path(mmhparse.__file__).parent
    for folder in (package.parent / 'configs', package / '.mim' / 'configs'):
        if folder.is_dir():
            return sorted(path for path in folder.glob('*/*.py') if path.parent.name != '_base_')
    return []


def unknown_model(model: str) -> FileNotFoundError | ValueError:
    """The error for a ``model`` that is neither a config file nor the name of a model; it lists what there is."""
    known = [str(path) for path in list_configs()]
    hint = f'Configs that are there: {", ".join(known)}.' if known else 'Give the path of a config file.'
    if model.endswith(('.py', '.json', '.yaml', '.yml')):
        return FileNotFoundError(f"There is no config file '{model}'. {hint}")
    return ValueError(f"'{model}' is neither a config file nor the name of a model. {hint}")
