"""People over time."""

from .people_tracker import PeopleTracker, TrackerOptions

__all__ = ['PeopleTracker', 'TrackerOptions']
