"""Compilers warn of mistakes in our lanes, and of nothing else that is in them."""

import platform
import subprocess

import pytest
from kernel_programs import COMMON

SOUND = """
#include "lanes.hpp"
namespace MMHPARSE_NAMESPACE {
double total(Lanes<float> lanes) {
  Doubles low, high;
  widen(lanes, &low, &high);
  return total_of(low) + total_of(high);
}
}
"""
CARELESS = """
#include "lanes.hpp"
namespace MMHPARSE_NAMESPACE {
double total_if(bool known, Doubles lanes) { Doubles chosen; if (known) chosen = lanes; return total_of(chosen); }
int number_if(bool known, int number) { int chosen; if (known) chosen = number; return chosen; }
}
"""
BUILDS = {
    'any': [],
    'avx2': ['-march=x86-64-v3', '-DMMHPARSE_REGISTER=32'],
    'avx512': ['-march=x86-64-v4', '-DMMHPARSE_REGISTER=64'],
}
pytestmark = pytest.mark.skipif(platform.machine() not in ('x86_64', 'AMD64'), reason='flags of x86-64')


def warnings_of(tmp_path, source: str, build: str) -> list[str]:
    """The lines in which g++ warns of a source, with the flags of setup.py."""
    path = tmp_path / 'source.cpp'
    path.write_text(source)
    flags = ['-Wall', '-O3', '-std=c++20', '-Wno-psabi', *BUILDS[build], f'-I{COMMON}']
    try:
        run = subprocess.run(['g++', *flags, '-S', path, '-o', tmp_path / 'out.s'], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip('g++ is not there')
    assert run.returncode == 0, run.stderr
    return [line for line in run.stderr.splitlines() if 'warning:' in line]


@pytest.mark.parametrize('build', BUILDS)
def test_lanes_that_are_sound_have_no_warning(tmp_path, build):
    """GCC's own headers for AVX-512 had hundreds, among which nobody would have seen ours."""
    assert warnings_of(tmp_path, SOUND, build) == []


@pytest.mark.parametrize(('build', 'mistakes'), [('any', 2), ('avx2', 2), ('avx512', 1)])
def test_mistakes_in_lanes_are_told(tmp_path, build, mistakes):
    """A value that an intrinsic takes is told of by the builds that have no such intrinsic."""
    found = warnings_of(tmp_path, CARELESS, build)
    assert len(found) >= mistakes and all('source.cpp' in line for line in found)
