"""Packaging: the package, its compiled ops, and the folder ``mmhparse/.mim`` that mim and ``mmhparse::`` names read.

``mmhparse/.mim`` holds the configs, the tools and the model and data set indices: copies in a wheel, symbolic links in
an editable install, so that edits take effect.

The ops are built for the CPU, and for CUDA where torch sees a GPU and nvcc is installed. ``FORCE_CUDA=1`` builds for
CUDA on a machine without a GPU; ``MMHPARSE_WITH_OPS=0`` builds no ops. If a requested build fails, the installation
fails.
"""

import os
import platform
import re
import shutil
from pathlib import Path

from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.command.develop import develop

ROOT = Path(__file__).resolve().parent
PACKAGE = 'mmhparse'
MIM_CONTENT = ('configs', 'tools', 'model-index.yml', 'dataset-index.yml')


def read_version() -> str:
    text = (ROOT / PACKAGE / 'version.py').read_text(encoding='utf-8')
    version = re.search(r"__version__ = '(.+?)'", text)
    if version is None:
        raise SystemExit(f"{PACKAGE}/version.py must hold a line __version__ = '...'.")
    return version.group(1)


def read_requirements(name: str) -> list[str]:
    """Requirements of one file and of those that it names by ``-r``, without comments."""
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text(encoding='utf-8').splitlines()
    found = []
    for line in filter(None, (line.split('#')[0].strip() for line in lines)):
        found += read_requirements(line.removeprefix('-r ').removesuffix('.txt')) if line.startswith('-r') else [line]
    return found


def fill_mim(package: Path, *, link: bool) -> None:
    """Creates ``.mim`` in a package folder, replacing an older one, from symbolic links or from copies."""
    folder = package / '.mim'
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in MIM_CONTENT:
        source, target = ROOT / name, folder / name
        if link:
            target.symlink_to(os.path.relpath(source, folder), target_is_directory=source.is_dir())
        elif source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns('__pycache__'))
        else:
            shutil.copy2(source, target)


class BuildPy(build_py):
    """Fills ``.mim``, for wheels and for ``pip install -e``."""

    def run(self):
        super().run()
        package = ROOT / PACKAGE if self.editable_mode else Path(self.build_lib) / PACKAGE
        fill_mim(package, link=self.editable_mode)


class Develop(develop):
    """Fills ``.mim``, for ``setup.py develop``."""

    def run(self):
        fill_mim(ROOT / PACKAGE, link=True)
        super().run()


class NeedsTorch(build_ext):
    """Replaces torch's build command where torch is not installed: building raises an error that says so."""

    def run(self):
        raise SystemExit(
            'The compiled ops of mmhparse are built against torch, which cannot be imported here. Install torch first '
            'and pass --no-build-isolation to pip, or set MMHPARSE_WITH_OPS=0 to install without them (matching is '
            'then slower).'
        )


def wants_cuda() -> bool:
    """Whether to build the CUDA op."""
    import torch
    from torch.utils.cpp_extension import CUDA_HOME

    if os.environ.get('FORCE_CUDA') == '1':
        if CUDA_HOME is None or torch.version.cuda is None:
            missing = 'no CUDA toolkit was found' if CUDA_HOME is None else 'torch was built without CUDA'
            raise SystemExit(f'FORCE_CUDA=1 requests the CUDA op of mmhparse, but {missing}.')
        return True
    return torch.cuda.is_available() and CUDA_HOME is not None


# further builds of the same code, beside the one for any x86-64 processor; the ops choose one at run time
VECTOR_SOURCES = 'solve_batch', 'parsing_rows'
VECTOR_BUILDS = {'avx2': '-march=x86-64-v3', 'avx512': '-march=x86-64-v4'}
IS_X86 = platform.machine() in ('x86_64', 'AMD64')


def compiled_ops() -> tuple[list[Extension], type]:
    """The extension with all ops, or no extension, and the command that builds it."""
    name, sources = f'{PACKAGE}.ops._ext', Path(PACKAGE) / 'ops' / 'csrc' / 'pytorch'
    if os.environ.get('MMHPARSE_WITH_OPS') == '0':
        return [], build_ext
    try:
        from torch.utils.cpp_extension import BuildExtension, CppExtension, CUDAExtension
    except ModuleNotFoundError:
        return [Extension(name, [])], NeedsTorch
    # no contraction to fused multiply-add, so that CPU, GPU and the reference round identically
    cxx = ['-O3', '-g0', '-std=c++20', '-fPIC', '-fopenmp', '-Wno-psabi']
    cxx += ['-ffp-contract=off', '-fno-trapping-math', '-fno-math-errno']
    nvcc = ['-O3', '-std=c++20', '--fmad=false']
    vector_sources = {
        sources / 'cpu' / f'{stem}_{name}.cpp': flag for name, flag in VECTOR_BUILDS.items() for stem in VECTOR_SOURCES
    }

    class BuildOps(BuildExtension):
        """torch's build command, with separate flags for some of the sources."""

        def build_extensions(self):
            for source, flag in vector_sources.items() if IS_X86 else ():
                objects = self.compiler.compile([str(source)], output_dir=self.build_temp, extra_postargs=[*cxx, flag])
                self.extensions[0].extra_objects += objects
            super().build_extensions()

    files = [path for path in sources.rglob('*.cpp') if path not in vector_sources]
    kind = CppExtension
    if wants_cuda():
        files += sources.rglob('*.cu')
        kind = CUDAExtension
    headers = [str(path) for path in sources.parent.rglob('*') if path.suffix in ('.h', '.hpp', '.cuh')]
    extension = kind(
        name,
        sorted(map(str, files)),
        extra_compile_args=dict(cxx=cxx, nvcc=nvcc),
        depends=[*headers, *map(str, vector_sources)],
    )
    return [extension], BuildOps


extensions, build_extensions = compiled_ops()
setup(
    name=PACKAGE,
    version=read_version(),
    description='Instance-aware human parsing with differentiable grouping, an OpenMMLab plugin',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    keywords='computer vision, human parsing, pose estimation, part segmentation',
    classifiers=[
        'Development Status :: 3 - Alpha',
        'Intended Audience :: Science/Research',
        'Operating System :: OS Independent',
        'Programming Language :: Python :: 3',
        'Topic :: Scientific/Engineering :: Image Recognition',
    ],
    packages=find_packages(include=[PACKAGE, f'{PACKAGE}.*']),
    package_data={PACKAGE: ['weights/*.npz', 'weights/*.onnx']},
    python_requires='>=3.10',
    install_requires=read_requirements('runtime'),
    extras_require={
        'app': read_requirements('app'),
        'ray': read_requirements('ray'),
        'video': read_requirements('video'),
        'tests': read_requirements('tests'),
        'docs': read_requirements('docs'),
        'mmpose': read_requirements('mmpose'),
        'optional': read_requirements('optional'),
        'onnx': read_requirements('onnx'),
        'openvino': read_requirements('openvino'),
        'mim': read_requirements('mminstall'),
        'all': [
            line for name in ('runtime', 'tests', 'optional', 'onnx', 'openvino') for line in read_requirements(name)
        ],
    },
    entry_points={'console_scripts': [f'{PACKAGE} = {PACKAGE}.__main__:main']},
    ext_modules=extensions,
    cmdclass={'build_py': BuildPy, 'develop': Develop, 'build_ext': build_extensions},
    zip_safe=False,
)
