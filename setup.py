"""Packaging: the package, and beside it what mim and ``mhparse::`` config names look for in ``mhparse/.mim``.

``mhparse/.mim`` holds the configs, the tools and model-index.yml: copies in a wheel, links in an editable install, so
that edits take effect.
"""

import os
import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.develop import develop

ROOT = Path(__file__).resolve().parent
PACKAGE = 'mhparse'
MIM_CONTENT = ('configs', 'tools', 'model-index.yml')


def read_version() -> str:
    text = (ROOT / PACKAGE / 'version.py').read_text(encoding='utf-8')
    return re.search(r"__version__ = '(.+?)'", text).group(1)


def read_requirements(name: str) -> list[str]:
    """Requirements of one file, without comments."""
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text(encoding='utf-8').splitlines()
    stripped = [line.split('#')[0].strip() for line in lines]
    return [line for line in stripped if line]


def fill_mim(package: Path, *, link: bool) -> None:
    """Makes ``.mim`` of a package folder anew, by links or by copies."""
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
    python_requires='>=3.10',
    install_requires=read_requirements('runtime'),
    extras_require={
        'tests': read_requirements('tests'),
        'optional': read_requirements('optional'),
        'mim': read_requirements('mminstall'),
        'all': [line for name in ('runtime', 'tests', 'optional') for line in read_requirements(name)],
    },
    cmdclass={'build_py': BuildPy, 'develop': Develop},
    zip_safe=False,
)
