"""Quantises an export to int8 for CPUs, calibrated on photos.

  python tools/deployment/export.py --out photos.onnx
  python tools/deployment/quantize_onnx.py photos.onnx PHOTOS --people people_train.json --out photos_int8.onnx
  python tools/analysis/eval_photos.py people_val.json PHOTOS --weights photos_int8.onnx --models photos-14-parts
  python tools/infer.py PHOTOS --backend openvino --weights photos_int8.onnx --out-dir results

Calibrate with photos like those to be parsed, but with none that accuracy is measured on. Convolutions, activations and
what moves features between them are quantised statically: weights to int8 a channel, features to uint8 a tensor. The
convolutions that the fields come from, and those of vectors or colours, stay in float32: they take little time, and
their outputs are pixels and logits, of which the last digits count.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mmhparse.apis import HumanParsingInferencer
from mmhparse.apis.input_files import IMAGE_SUFFIXES
from mmhparse.apis.networks.export_format import OUTPUTS, SIZES_KEY
from mmhparse.commands import at_least, check_output_file, plain_usage_errors
from mmhparse.utils import CommandParser, UsageError, atomic_path, progress_bar

QUANTISED = ('Conv', 'Relu', 'Clip', 'Concat', 'Resize', 'Pad')
"""Kinds of ONNX nodes that compute in int8."""

VECTORS = 'projection'
"""Nodes with this name that join or resize tensors stay in float32: vectors of hundreds of pixels are among them."""

THIN = 4
"""Convolutions from or to fewer channels stay in float32: colours, flows and vectors."""


def float_nodes(graph: Any) -> list[str]:
    """Names of the nodes of an ONNX graph that stay in float32."""
    producer = {name: node for node in graph.node for name in node.output}
    weights = {weight.name: weight.dims for weight in graph.initializer}
    kept, seen, waiting = set(), set(), [output.name for output in graph.output]
    while waiting:  # back from the fields to the first convolution on each way
        node = producer.get(waiting.pop())
        if node is None or node.name in seen or node.op_type in ('Shape', 'GridSample'):
            continue
        seen.add(node.name)
        if node.op_type == 'Conv':
            kept.add(node.name)
        else:
            waiting.extend(node.input)
    for node in graph.node:
        if node.op_type == 'Conv' and node.input[1] in weights:
            groups = next((item.i for item in node.attribute if item.name == 'group'), 1)
            out_channels, in_channels = weights[node.input[1]][0], groups * weights[node.input[1]][1]
            if min(out_channels, in_channels) < THIN:
                kept.add(node.name)
        elif node.op_type in ('Concat', 'Resize') and VECTORS in node.name:
            kept.add(node.name)
    return sorted(kept)


def read_sizes_of_inputs(model: Any, values: Mapping[str, np.ndarray], size: tuple[int, int]) -> None:
    """Makes all sizes of features multiples of the input's: OpenVINO 2026.4 misreads those of quantised features.

    Nodes that tell the shape of (B, C, h, w) features are replaced by ``Shape(inputs) / (1, 3, s, s) * (1, C, 1, 1)``,
    with their stride s.

    Args:
        model: Of ONNX, changed in place.
        values: Output of each ``Shape`` node, by name, for one input of that size.
        size: (H, W) of the input, pixels.
    """
    from onnx import helper, numpy_helper

    def constant(name: str, value: list[int]) -> str:
        model.graph.initializer.append(numpy_helper.from_array(np.array(value, np.int64), name))
        return name

    nodes = [helper.make_node('Shape', ['inputs'], ['input_shape'], 'input_shape')]
    for node in [node for node in model.graph.node if node.op_type == 'Shape']:
        name, shape = node.output[0], values[node.output[0]]
        if len(shape) != 4:
            continue
        stride = size[0] // int(shape[2])
        assert [length // stride for length in size] == shape[2:].tolist(), f'{node.name} has no stride'
        by, channels = constant(f'{name}_strides', [1, 3, stride, stride]), [1, int(shape[1]), 1, 1]
        nodes.append(helper.make_node('Div', ['input_shape', by], [f'{name}_cells'], f'{node.name}_cells'))
        times = constant(f'{name}_channels', channels)
        nodes.append(helper.make_node('Mul', [f'{name}_cells', times], [name], node.name))
        model.graph.node.remove(node)
    model.metadata_props.add(key=SIZES_KEY, value='of inputs')
    for place, node in enumerate(nodes):  # nodes are in the order of their computation
        model.graph.node.insert(place, node)


def shapes_of(model: Any, inputs: np.ndarray) -> dict[str, np.ndarray]:
    """Outputs of all nodes of a model that tell a shape, by name, for inputs (1, 3, H, W)."""
    import onnx
    from onnxruntime import InferenceSession

    told = onnx.ModelProto()
    told.CopyFrom(model)
    names = [node.output[0] for node in model.graph.node if node.op_type == 'Shape']
    del told.graph.output[:]
    told.graph.output.extend(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.INT64, None) for name in names)
    session = InferenceSession(told.SerializeToString(), providers=['CPUExecutionProvider'])
    return dict(zip(names, session.run(names, {'inputs': inputs}), strict=True))


def calibration_photos(folder: Path, people: Path | None, most: int) -> list[str]:
    """At most so many photos of a folder, spread evenly over their names.

    Args:
        folder: Where they are, at any depth.
        people: File in COCO's layout; only the photos that it lists are taken.
        most: How many.

    Raises:
        UsageError: If there are none, or the file is not of that kind.
    """
    found = sorted(path for path in folder.rglob('*') if path.suffix.lower() in IMAGE_SUFFIXES)
    if people is not None:
        try:
            listed = {Path(image['file_name']).name for image in json.loads(people.read_bytes())['images']}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"--people: '{people}' lists no photos in COCO's layout: {error!r}.") from error
        found = [path for path in found if path.name in listed]
    if not found:
        raise UsageError(f"'{folder}' holds no photos to calibrate with{f' of {people}' if people else ''}.")
    places = np.linspace(0, len(found) - 1, min(most, len(found)))
    return [str(found[index]) for index in np.unique(places.round().astype(int))]


def network_inputs(infer: HumanParsingInferencer, photos: list[str]) -> Iterator[np.ndarray]:
    """(1, 3, H, W) float32 of each photo, as the network sees it."""
    for batch in infer.preprocess(photos):
        data = infer.collate_fn([item.packed for item in batch])
        yield infer.model.data_preprocessor(data, False)['inputs'].numpy()


def quantize(infer: HumanParsingInferencer, model: Path, photos: list[str], out: Path) -> None:
    """Writes the quantised model; its metadata are those of the export."""
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        """Hands the photos to onnxruntime one by one."""

        def __init__(self, bar):
            self.inputs, self.bar = network_inputs(infer, photos), bar

        def get_next(self) -> dict[str, np.ndarray] | None:
            inputs = next(self.inputs, None)
            if inputs is None:
                return None
            self.bar.update()
            return {'inputs': inputs}

    graph = onnx.load(model)
    if any(entry.key == SIZES_KEY for entry in graph.metadata_props):
        raise UsageError(f"'{model}' is quantised already: give the export that it was made of.")
    example = np.zeros((1, 3, 64, 96), np.float32)
    read_sizes_of_inputs(graph, shapes_of(graph, example), (64, 96))
    onnx.checker.check_model(graph)
    with atomic_path(out) as unfinished, progress_bar(len(photos), 'Calibrating') as bar:
        quantize_static(
            graph,
            unfinished,
            Reader(bar),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(QUANTISED),
            nodes_to_exclude=float_nodes(graph.graph),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            extra_options={'CalibMovingAverage': True},
        )


def largest_shares(infer: HumanParsingInferencer, other: HumanParsingInferencer, photos: list[str]) -> dict[str, float]:
    """Of each field, the mean difference over some photos as a share of its mean size."""
    differences, sizes = dict.fromkeys(OUTPUTS, 0.0), dict.fromkeys(OUTPUTS, 0.0)
    sessions = [item.parsing_pipeline.network.session for item in (infer, other)]
    for inputs in network_inputs(infer, photos):
        pairs = zip(OUTPUTS, *(session.run(list(OUTPUTS), {'inputs': inputs}) for session in sessions), strict=True)
        for name, exact, rounded in pairs:  # (1, ..., h, w)
            differences[name] += float(np.abs(exact - rounded).mean())
            sizes[name] += float(np.abs(exact).mean())
    return {name: differences[name] / sizes[name] for name in OUTPUTS}


def parse_args() -> argparse.Namespace:
    parser = CommandParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('model', type=Path, metavar='MODEL.onnx', help='a file of tools/deployment/export.py')
    parser.add_argument('photos', type=Path, metavar='PHOTOS', help='folder of photos to calibrate with')
    parser.add_argument(
        '--people', type=Path, metavar='FILE.json', help="take only photos of this file, of COCO's layout"
    )
    parser.add_argument('--out', required=True, type=Path, metavar='FILE.onnx', help='file to write')
    parser.add_argument(
        '--most', type=at_least(1), default=50, metavar='N', help='photos to calibrate with; default: 50'
    )
    parser.add_argument('--max-side', type=int, help="longer side of what the network sees; default: the config's")
    args = parser.parse_args()
    if args.out.suffix != '.onnx':
        parser.error(f'--out must end in .onnx, got {args.out}')
    return args


def main() -> None:
    args = parse_args()
    with plain_usage_errors():
        check_output_file('--out', args.out)
        photos = calibration_photos(args.photos, args.people, args.most)
        options = dict(backend='onnxruntime', device='cpu', max_side=args.max_side, show_progress=False)
        try:
            infer = HumanParsingInferencer(weights=args.model, **options)
            quantize(infer, args.model, photos, args.out)
            shares = largest_shares(infer, HumanParsingInferencer(weights=args.out, **options), photos[:8])
        except (ModuleNotFoundError, OSError, ValueError) as error:
            raise UsageError(str(error)) from error
    sizes = [f'{path.stat().st_size / 1e6:.2f} MB' for path in (args.out, args.model)]
    print(
        f'{args.out}: {sizes[0]}, from {sizes[1]}, calibrated on {len(photos)} photos; mean differences of the fields:'
    )
    for name, share in shares.items():
        print(f'  {name}: {share:.1%} of its mean size')
    print('tools/analysis/eval_photos.py --weights FILE.onnx measures what that costs in accuracy.')


if __name__ == '__main__':
    main()
