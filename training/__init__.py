"""What people run to make models and to measure: `python -m training <command>`."""
