"""What is between the grader and student code: the processes, their walls, and what tries those."""
