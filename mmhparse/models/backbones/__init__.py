"""Backbones: image to a pyramid of features."""

from .light_resnet import LightResNet
from .mobilenet_v1 import MobileNetV1
from .resnet import ResNet

__all__ = ['LightResNet', 'MobileNetV1', 'ResNet']
