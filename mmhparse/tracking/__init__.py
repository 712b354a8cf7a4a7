"""Tracking: ids of people that persist over the frames of a video."""

from .people_tracker import PeopleTracker, TrackerOptions

__all__ = ['PeopleTracker', 'TrackerOptions']
