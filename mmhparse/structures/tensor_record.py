"""TensorRecord: what all records of batched tensors can do."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import TypeVar

import torch
from torch import Tensor

Record = TypeVar('Record', bound='TensorRecord')


class TensorRecord:
    """Base of frozen dataclasses that hold tensors with a leading batch dimension B.

    An attribute is a tensor, a tuple of tensors, another record, or a plain value such as a stride. The methods return
    a record of the same type in which the tensors have changed and the plain values have not.
    """

    @classmethod
    def cat(cls: type[Record], records: Sequence[Record]) -> Record:
        """One batch of the images of all records, of which there is at least one.

        Raises:
            ValueError: If they disagree in a plain value, or in what they hold.
        """
        names = [item.name for item in fields(cls)]  # pyright: ignore[reportArgumentType]  # subclasses are dataclasses
        return cls(**{name: _cat(name, [getattr(record, name) for record in records]) for name in names})

    def of_image(self: Record, index: int) -> Record:
        """The record of one image, with a batch of 1."""
        return self.map(lambda tensor: tensor[index : index + 1])

    def detach(self: Record) -> Record:
        return self.map(Tensor.detach)

    def as_leaves(self: Record) -> Record:
        """The same values, as tensors that gather gradients of their own: a backward pass ends at them."""
        return self.map(lambda tensor: tensor.detach().requires_grad_())

    def float(self: Record) -> Record:
        return self.map(Tensor.float)

    def to(self: Record, *args, **kwargs) -> Record:
        """As :meth:`torch.Tensor.to`."""
        return self.map(lambda tensor: tensor.to(*args, **kwargs))

    def map(self: Record, function: Callable[[Tensor], Tensor]) -> Record:
        """The record with ``function`` applied to each of its tensors."""
        return type(self)(**{item.name: _map(getattr(self, item.name), function) for item in fields(self)})  # pyright: ignore[reportArgumentType]  # subclasses are dataclasses


def _map(value, function: Callable[[Tensor], Tensor]):
    if isinstance(value, Tensor):
        return function(value)
    if isinstance(value, TensorRecord):
        return value.map(function)
    if isinstance(value, tuple):
        return tuple(function(tensor) for tensor in value)
    return value


def _cat(name: str, values: list):
    """The values of an attribute of several records as one."""
    first = values[0]
    if len({type(value) for value in values}) > 1:
        raise ValueError(f'{name}: one record has {type(first).__name__}, and another has another type.')
    if isinstance(first, Tensor):
        return torch.cat(values)
    if isinstance(first, TensorRecord):
        return type(first).cat(values)
    if isinstance(first, tuple):
        return tuple(torch.cat(column) for column in zip(*values, strict=True))
    if any(value != first for value in values):
        raise ValueError(f'{name}: one record has {first}, and another has another value.')
    return first
