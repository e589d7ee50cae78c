"""Results into nbgrader's gradebook, and what a person gave out of it."""
