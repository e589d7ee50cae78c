"""All of autograder that a student's process can see. Nothing here imports what lies outside."""
