"""A second device for tests on machines that have none: it computes on the CPU, and counts what crosses its border.

Its tensors are wrappers that say they are on ``DEVICE``, a type of device that every build of torch knows and none of
our code uses. As on a GPU, an operation refuses tensors of both devices, and numpy cannot read a tensor there; what is
copied and how much memory is held are counted at each operation.
"""

import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

DEVICE = torch.device('lazy')

_aten = torch.ops.aten


class _There(Tensor):
    """A tensor of the second device; ``inner`` holds its values."""

    inner: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor):
        layout = dict(strides=inner.stride(), storage_offset=inner.storage_offset(), dtype=inner.dtype)
        return Tensor._make_wrapper_subclass(cls, inner.shape, **layout, device=DEVICE)  # pyright: ignore[reportAttributeAccessIssue]

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        if not _running:
            raise RuntimeError(f'{func} was called outside of second_device().')
        return _running[-1].run(func, args, kwargs)  # in another thread, where the mode is not in force


class SecondDevice(TorchDispatchMode):
    """Runs the operations of the second device.

    Attributes:
        to_cpu, from_cpu: Bytes of each copy, in order.
        waits: How often the CPU waited for the shape of a result, which depends on values on the device.
        peak: The most bytes that its tensors held at once, between operations.
    """

    def __init__(self):
        super().__init__()
        self.to_cpu: list[int] = []
        self.from_cpu: list[int] = []
        self.waits = 0
        self.peak = 0
        self._held = 0
        self._holders: Counter[int] = Counter()  # tensors of each storage

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return self.run(func, args, kwargs)

    def run(self, func, args: tuple, kwargs: dict | None):
        """The result of an operation, of which some tensors or the result are on the device."""
        kwargs = dict(kwargs or {})
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        there = [tensor for tensor in tensors if isinstance(tensor, _There)]
        here = [tensor for tensor in tensors if not isinstance(tensor, _There) and tensor.ndim]
        target = kwargs.get('device')
        stays = target is None or torch.device(target).type == DEVICE.type
        if target is not None:
            kwargs['device'] = torch.device('cpu')
        if func is _aten.copy_.default and there and here:
            (self.from_cpu if isinstance(args[0], _There) else self.to_cpu).append(args[1].nbytes)
        elif func is _aten._to_copy.default and not stays and there:
            self.to_cpu.append(there[0].nbytes)
        elif func is _aten._to_copy.default and target is not None and here:
            self.from_cpu.append(here[0].nbytes)
        elif there and here:
            raise RuntimeError(f'{func}: expected all tensors to be on one device, got {DEVICE} and cpu.')
        elif there and func is _aten._local_scalar_dense.default:
            self.to_cpu.append(there[0].element_size())
        self.waits += bool(there) and func in (_aten.nonzero.default, _aten.bincount.default)
        known = {id(tensor.inner): tensor for tensor in there}  # an operation in place returns its argument
        args, kwargs = tree_map_only(_There, lambda tensor: tensor.inner, (args, kwargs))
        result = func(*args, **kwargs)
        wraps = stays and (there or target is not None)
        if func is _aten.copy_.default:
            wraps = id(result) in known
        if not wraps:
            return result
        return tree_map_only(
            Tensor, lambda tensor: known[id(tensor)] if id(tensor) in known else self._take(tensor), result
        )

    def _take(self, inner: Tensor) -> _There:
        """The tensor as one of the device, whose memory counts until the last tensor of its storage is gone."""
        tensor = _There(inner)
        tensor.inner = inner
        storage, size = inner.untyped_storage().data_ptr(), inner.untyped_storage().nbytes()
        self._holders[storage] += 1
        if self._holders[storage] == 1:
            self._held += size
            self.peak = max(self.peak, self._held)
        weakref.finalize(tensor, self._drop, storage, size)
        return tensor

    def _drop(self, storage: int, size: int) -> None:
        self._holders[storage] -= 1
        if not self._holders[storage]:
            self._held -= size


_running: list[SecondDevice] = []


@contextmanager
def second_device() -> Iterator[SecondDevice]:
    """Within it, tensors can be moved to ``DEVICE`` and used there."""
    before = torch._C._only_lift_cpu_tensors()
    torch._C._set_only_lift_cpu_tensors(True)  # torch.tensor(..., device=DEVICE) then asks the device
    try:
        with torch.no_grad(), SecondDevice() as device:
            _running.append(device)
            yield device
    finally:
        _running.clear()
        torch._C._set_only_lift_cpu_tensors(before)
