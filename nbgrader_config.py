"""nbgrader's settings for this course; the course folder is the one that this file stands in."""

import os
import shutil
import sys
from pathlib import Path

from traitlets.config import Application

# A mistake below must stop nbgrader, which would log it and go on without the sandbox.
if Application.initialized():
    Application.instance().raise_config_file_errors = True

c = get_config()  # noqa: F821 (traitlets gives it)

COURSE = str(Path(__file__).resolve().parent)
sys.path.append(COURSE)  # where `autograder` is, wherever a command was started
if shutil.which("alembic") is None:  # nbgrader starts it by its name, activated or not
    os.environ["PATH"] += os.pathsep + str(Path(sys.executable).parent)

c.CourseDirectory.root = COURSE
c.CourseDirectory.course_id = "convbook"

# The gradebook is gradebook.db here, or a PostgreSQL database, postgresql://USER@HOST/DATABASE.
# A password belongs neither here nor on a command line: PostgreSQL looks into ~/.pgpass.
if "CONVBOOK_GRADEBOOK" in os.environ:
    c.CourseDirectory.db_url = os.environ["CONVBOOK_GRADEBOOK"]

# The source of a practical is solutions/; `python -m autograder build` makes exercises/ from it.
# What is there is what students get, byte for byte: nothing is left to be cleared.
c.CourseDirectory.source_directory = "exercises"
c.GenerateAssignment.preprocessors = [
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.SaveCells",
]
# Files beside a notebook are copied to students: never the sources, nor the tables of marks.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "__pycache__", "*.pyc", "*.md", "*.csv"]

# `nbgrader autograde` and `generate_feedback`, and formgrader's buttons for them, do the same as
# `python -m autograder grade` and `feedback`: student code runs in the sandbox alone.
c.Autograde.exporter_class = "autograder.nbgrader_plugin.Grading"
c.GenerateFeedback.exporter_class = "autograder.nbgrader_plugin.Pages"

# For `nbgrader validate`, where the checks of an exercise run in a kernel: seconds a cell.
c.Execute.timeout = 120

# What students wrote is shown in an instructor's browser: their HTML and JavaScript must not run.
c.HTMLExporter.sanitize_html = True
