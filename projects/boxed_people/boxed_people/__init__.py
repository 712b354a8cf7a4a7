"""A backbone, a head and a data set outside of mmhparse; importing the package registers them."""

from .boxed_people_dataset import BoxedPeopleDataset
from .context_head import ContextHead
from .three_conv_net import ThreeConvNet

__all__ = ['BoxedPeopleDataset', 'ContextHead', 'ThreeConvNet']
