"""What all results of one run have in common, and when an earlier result still stands."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.course import Assignment, grader_version
from autograder.marking import result
from autograder.marking.intake import Submission
from autograder.marking.result import Result

OUR_FAULT = "the grader failed on it"
WORKERS_ENDED = "the workers that marked it ended, one after the other"


@dataclass(frozen=True)
class Basis:
    """What a mark depends on beside the submission: the practical, the grader, its sandbox."""

    assignment: Assignment
    version: str
    sandbox: str

    @classmethod
    def of(cls, assignment: Assignment, *, unsafe: bool = False) -> Basis:
        """Return the basis of a practical and this grader."""
        return cls(assignment, grader_version(), "none" if unsafe else "bubblewrap")

    def frame(self, student: str, submission: Submission | None) -> Result:
        """Return what stands in a result whatever comes out."""
        return {
            "schema_version": result.SCHEMA_VERSION,
            "assignment": self.assignment.name,
            "student": student,
            "submission_hash": submission.hash if submission else "",
            "grader_version": self.version,
            "sandbox": self.sandbox,
            "timestamp": submission.timestamp if submission else None,
            "seconds": 0.0,
            "max_points": self.assignment.auto_points,
            "recorded": False,
        }

    def review(self, student: str, submission: Submission | None, reason: str) -> Result:
        """Return the result of a submission that a person must look at."""
        return {
            **self.frame(student, submission),
            "state": "needs review",
            "reason": reason,
            "points": 0,
            "items": [],
            "cells": [],
            "prose": [],
            "repairs": [],
        }

    def stands(self, found: Result, submission: Submission) -> bool:
        """Is this what marking the submission would give, so that it need not be marked again?"""
        named = self.frame(submission.student, submission)
        same = ("assignment", "student", "submission_hash", "timestamp", "grader_version")
        if any(found[key] != named[key] for key in (*same, "sandbox", "max_points")):
            return False
        if found["state"] == "needs review":
            return not found["reason"].startswith(OUR_FAULT)  # which may have passed since
        prose = {each["grade_id"]: each["max_points"] for each in found["prose"]}
        items = [each["id"] for each in found["items"]]
        return prose == self.assignment.prose and items == list(self.assignment.checks.values())
