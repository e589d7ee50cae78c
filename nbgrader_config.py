"""nbgrader's settings for this course; the course folder is the one that this file stands in."""

from pathlib import Path

c = get_config()  # noqa: F821 (traitlets gives it)

c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.course_id = "convbook"
# Files beside a notebook are copied to students: never the sources, nor the tables of marks.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "__pycache__", "*.pyc", "*.md", "*.csv"]

# What students wrote is shown in an instructor's browser: their HTML and JavaScript must not run.
c.HTMLExporter.sanitize_html = True

# The check cells of the exercises end here in plain nbgrader; `python -m autograder grade` is the
# grader that students cannot reach, and nbgrader's own `autograde` is only the fallback.
c.Execute.timeout = 120
c.ClearSolutions.code_stub = {
    "python": "# Write your answer here, and delete the next line.\nraise NotImplementedError"
}
c.ClearSolutions.text_stub = "*Write your answer here.*"
