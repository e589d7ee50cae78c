"""autograder: from a question's definition to a mark. Instructors only; students never get it."""
