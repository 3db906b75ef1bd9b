"""Measurements that anyone can run again: `python -m training bench <what>`. Compare ratios within one run."""
