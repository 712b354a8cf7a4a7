"""Packs a trained model into one small file of plain arrays, without pickled code, with its config inside.

`python tools/misc/pack_model.py CONFIG CKPT --out NAME.npz`; HumanParsingInferencer(weights='NAME.npz') then needs no
config. The models that come with the package lie in mmhparse/weights; mmhparse/apis/model_names.py names them.
"""

from pathlib import Path

from mmhparse.commands import check_output_file, load_config, plain_usage_errors
from mmhparse.engine import allow_checkpoint_types, check_checkpoint
from mmhparse.engine.checkpoints import load_weights, read_checkpoint
from mmhparse.engine.packed_weights import inference_config, pack_weights
from mmhparse.registry import MODELS
from mmhparse.utils import CommandParser
from mmhparse.utils.atomic_files import atomic_path


def main() -> None:
    parser = CommandParser(description=__doc__)
    parser.add_argument('config', help='config that the model was trained with')
    parser.add_argument('checkpoint', help='its checkpoint')
    parser.add_argument('--out', required=True, type=Path, help='file to write, ending in .npz')
    args = parser.parse_args()
    if args.out.suffix != '.npz':
        parser.error(f'--out must end in .npz, got {args.out}')
    with plain_usage_errors():
        check_output_file('--out', args.out)
        cfg = inference_config(load_config(args.config))
        check_checkpoint(args.checkpoint)
    allow_checkpoint_types()
    model = MODELS.build(cfg.model)
    load_weights(model, read_checkpoint(args.checkpoint))
    with atomic_path(args.out) as unfinished:
        pack_weights(unfinished, model.state_dict(), cfg.pretty_text)
    print(f'{args.out}: {args.out.stat().st_size / 1e6:.2f} MB')


if __name__ == '__main__':
    main()
