"""Backbones: image to a pyramid of features."""

from .light_resnet import LightResNet
from .resnet import ResNet

__all__ = ['LightResNet', 'ResNet']
