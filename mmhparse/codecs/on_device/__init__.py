"""The pixels of an image decoded by operations of torch, on the device where its fields are."""

from .device_map_reader import DeviceMapReader

__all__ = ['DeviceMapReader']
