"""``mmhparse check``: versions and devices, what is missing and how to get it."""

import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata

import torch
from packaging.requirements import Requirement

from mmhparse.ops import compiled_devices
from mmhparse.utils import CommandParser
from mmhparse.version import __version__

from .findings import Finding

EXTRAS = {
    'app': 'the page of `mmhparse app`',
    'video': 'videos that browsers play, with sound',
    'ray': 'batch inference on clusters, tools/ray_infer.py',
    'onnx': 'the backend onnxruntime, and exports',
    'openvino': 'the backend openvino, for speed on CPUs',
    'mmpose': 'models of mmpose, with `pip install --no-deps mmpose==1.3.2`',
}
"""Extras that users may want, and what for."""


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Prints one finding a line.

    Args:
        arguments: Of the command; those of the process if None.
        prog: What help calls the command.

    Returns:
        The exit code: 0 if everything that parsing needs is there, else 1.
    """
    parser = CommandParser(
        prog=prog,
        description='Lists versions and devices, what is missing and how to get it.',
        epilog='The exit code is 1 if something is missing that parsing needs.',
    )
    parser.parse_args(arguments)
    findings = [*_needed(), *_devices(), *_extras()]
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        print(finding.line(width))
    return int(any(finding.is_fatal for finding in findings))


def requirement_finding(requirement: Requirement, extra: str | None) -> Finding:
    """Whether a requirement is installed, in a version of its range.

    Args:
        requirement: Of the package.
        extra: The extra that it is of; None for one that parsing needs.
    """
    group = extra or 'needed'
    names = ['mmcv-lite', 'mmcv'] if requirement.name == 'mmcv-lite' else [requirement.name]  # either suffices
    found = {name: version for name in names if (version := _version(name)) is not None}
    if len(found) > 1:
        return Finding(
            group, 'mmcv', 'wrong', 'mmcv and mmcv-lite overwrite each other: pip uninstall both, and install one'
        )
    if not found:
        remedy = f'pip install "{requirement}"' if extra is None else f'pip install "mmhparse[{extra}]"'
        use = '' if extra is None else f' ({EXTRAS[extra]})'
        return Finding(group, requirement.name, 'missing', f'not installed: {remedy}{use}')
    (name, version), *_ = found.items()
    if not requirement.specifier.contains(version, prereleases=True):
        text = f'{version} is outside {requirement.specifier}: pip install "{name}{requirement.specifier}"'
        return Finding(group, name, 'wrong', text)
    return Finding(group, name, 'ok', version)


def _needed() -> Iterator[Finding]:
    yield Finding(
        'needed', 'mmhparse', 'ok', f'{__version__}, Python {platform.python_version()}, {platform.platform()}'
    )
    for requirement in _requirements(None):
        yield requirement_finding(requirement, None)


def _devices() -> Iterator[Finding]:
    threads = torch.get_num_threads()
    yield Finding('devices', 'cpu', 'ok', f'{os.cpu_count()} cores, torch computes with {threads} threads')
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            memory = torch.cuda.get_device_properties(index).total_memory / 2**30
            yield Finding('devices', f'cuda:{index}', 'ok', f'{torch.cuda.get_device_name(index)}, {memory:.0f} GiB')
    else:
        reason = 'torch was built without CUDA' if torch.version.cuda is None else 'torch sees no GPU'
        yield Finding('devices', 'cuda', 'missing', f'{reason}; https://pytorch.org has the builds')
    if compiled := compiled_devices():
        yield Finding('devices', 'matching op', 'ok', f'compiled for {", ".join(compiled)}')
    else:
        text = 'not compiled: matching runs in PyTorch, with the same results, slower; the installation page says how'
        yield Finding('devices', 'matching op', 'missing', text)


def _extras() -> Iterator[Finding]:
    for extra in EXTRAS:
        for requirement in _requirements(extra):
            yield requirement_finding(requirement, extra)


def _requirements(extra: str | None) -> Iterable[Requirement]:
    """Requirements of the installed package, of an extra or without; none if it is importable but not installed."""
    try:
        lines = metadata.requires('mmhparse') or []
    except metadata.PackageNotFoundError:
        return []
    found = map(Requirement, lines)
    if extra is None:
        return [one for one in found if one.marker is None or one.marker.evaluate({'extra': ''})]
    wanted = {'extra': extra}
    return [
        one for one in found if one.marker and one.marker.evaluate(wanted) and not one.marker.evaluate({'extra': ''})
    ]


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
