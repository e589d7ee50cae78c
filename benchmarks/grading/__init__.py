"""The grader in numbers: `python -m benchmarks.grading [PART …]`, see `__main__`."""
