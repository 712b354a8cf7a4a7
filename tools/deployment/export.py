"""Exports a parser's network to ONNX (or torch.export), for any batch and size, and compares the outputs.

`python tools/deployment/export.py CONFIG CKPT --out model.onnx`, then
`python tools/infer.py photos/ --weights model.onnx --backend onnxruntime --out-dir results`: decoding, files and
options stay the same. The exit code is 1 if the outputs of the exported network and of the parser differ.
"""

import importlib.util
from pathlib import Path

import torch
from mmengine.config import Config
from torch import nn

from mmhparse.apis.building import build_model
from mmhparse.apis.model_names import BUNDLED_MODELS, DEFAULT_MODEL
from mmhparse.apis.networks import OnnxNetwork
from mmhparse.apis.networks.export_format import OUTPUTS
from mmhparse.apis.networks.onnx_export import PlainFields, as_tensors, export_onnx
from mmhparse.commands import check_output_file, load_config, plain_usage_errors
from mmhparse.engine import allow_checkpoint_types, check_checkpoint
from mmhparse.engine.packed_weights import inference_config
from mmhparse.utils import CommandParser, UsageError, atomic_path, write_atomic

SIZES = ((1, 192, 256), (2, 256, 160), (1, 320, 320))
"""Batches, heights and widths at which outputs are compared."""

TOLERANCE = 1e-3
"""Largest difference of an output, relative to the output's largest value."""

ONNX_PACKAGES = ('onnx', 'onnxruntime')
"""What writes ONNX files, and what runs them for the comparison."""


def check_onnx() -> None:
    """Checks that ONNX files can be written and compared here.

    Raises:
        UsageError: If a package is not installed.
    """
    missing = [name for name in ONNX_PACKAGES if not _is_installed(name)]
    if missing:
        raise UsageError(
            f'exports to ONNX need {" and ".join(missing)}: pip install {" ".join(missing)}. Or write a program of '
            'torch.export, which needs neither: --out NAME.pt2.'
        )


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ValueError:  # a module without a spec, or None in sys.modules
        return False


def export_torch(parser: nn.Module, path: Path) -> nn.Module:
    """Writes a program of torch.export with dynamic batch, height and width (multiples of 32); returns it to run."""
    batch, rows, columns = (torch.export.Dim(name, min=low, max=high) for name, low, high in (
        ('batch', 1, 64), ('rows', 2, 128), ('columns', 2, 128),
    ))  # fmt: skip
    program = torch.export.export(
        PlainFields(parser),
        (torch.zeros(2, 3, 192, 256),),
        dynamic_shapes=({0: batch, 2: 32 * rows, 3: 32 * columns},),
    )
    with atomic_path(path) as unfinished:
        torch.export.save(program, str(unfinished))
    return torch.export.load(str(path)).module()


def largest_differences(parser: nn.Module, exported) -> dict[str, float]:
    """Of each output, over all sizes, relative to the output's largest value."""
    generator = torch.Generator().manual_seed(0)
    worst = dict.fromkeys(OUTPUTS, 0.0)
    plain = PlainFields(parser)
    for batch, height, width in SIZES:
        inputs = torch.randn(batch, 3, height, width, generator=generator)
        with torch.no_grad():
            pairs = zip(OUTPUTS, plain(inputs), exported(inputs), strict=True)
            for name, wanted, got in pairs:  # (B, ..., h, w)
                difference = ((wanted - got).abs().max() / wanted.abs().max().clamp(min=1e-6)).item()
                worst[name] = max(worst[name], difference)
    return worst


def main() -> int:
    parser = CommandParser(description=__doc__)
    parser.add_argument('config', nargs='?', help='config of the model; default: the bundled model')
    parser.add_argument('checkpoint', nargs='?', help='its checkpoint')
    parser.add_argument('--out', required=True, type=Path, help='file to write: .onnx, or .pt2 for torch.export')
    parser.add_argument('--opset', type=int, default=17, help='operator set of ONNX; at least 16')
    args = parser.parse_args()
    if args.out.suffix not in ('.onnx', '.pt2'):
        parser.error(f'--out must end in .onnx or .pt2, got {args.out}')
    if args.config and not args.checkpoint:
        parser.error('give a checkpoint beside the config')
    allow_checkpoint_types()
    with plain_usage_errors():
        check_output_file('--out', args.out)
        if args.out.suffix == '.onnx':
            check_onnx()
        cfg = load_config(args.config) if args.config else Config()
        if args.checkpoint:
            check_checkpoint(args.checkpoint)
    model = build_model(cfg, args.checkpoint or BUNDLED_MODELS[DEFAULT_MODEL].path, 'torch')
    if args.out.suffix == '.onnx':
        write_atomic(args.out, export_onnx(model, inference_config(cfg), args.opset))
        network = OnnxNetwork(args.out)
        differences = largest_differences(model, lambda inputs: as_tensors(network(inputs)))
    else:
        differences = largest_differences(model, export_torch(model, args.out))
    print(f'{args.out}: {args.out.stat().st_size / 1e6:.2f} MB; largest differences to the parser:')
    for name, difference in differences.items():
        print(f'  {name}: {difference:.1e}')
    same = max(differences.values()) < TOLERANCE
    print('The outputs agree.' if same else f'That is more than {TOLERANCE:g}: do not use the export.')
    return 0 if same else 1


if __name__ == '__main__':
    raise SystemExit(main())
