"""The manifests and the image as far as they can be held to something without a cluster."""

from __future__ import annotations

import argparse
import copy
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from autograder.__main__ import COMMANDS
from autograder.marking.intake import STUDENT_ID
from tests.autograder.conftest import NAME, ROOT
from tests.autograder.test_mark import MakeCourse, student

DEPLOY = ROOT / "autograder" / "deploy"
CONTAINERFILE = DEPLOY / "Containerfile"
KUBERNETES = "1.37"
ODD = "Ada.b_c@d-E"  # a student that intake accepts
Manifest = dict[str, Any]


def manifests(student: str = ODD) -> Iterator[Manifest]:
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        text = path.read_text(encoding="utf-8").replace("STUDENT", student)
        yield from yaml.safe_load_all(text)


MANIFESTS = {
    f"{each['kind']} {each['metadata'].get('name') or each['metadata']['generateName']}": each
    for each in manifests()
}
JOBS = [name for name in MANIFESTS if name.startswith("Job ")]


def instructions(name: str) -> list[str]:
    text = CONTAINERFILE.read_text(encoding="utf-8").replace("\\\n", " ")
    return re.findall(rf"^{name} (.*)$", text, re.MULTILINE)


def copied() -> list[str]:
    return [line.split()[0] for line in instructions("COPY")]


@pytest.mark.parametrize("name", MANIFESTS)
def test_manifest_keeps_to_the_schema(name: str) -> None:
    assert kubernetes_validate.validate(MANIFESTS[name], KUBERNETES, strict=True) == KUBERNETES


def test_the_schema_finds_a_mistake() -> None:
    wrong = copy.deepcopy(MANIFESTS["Job mark-"])
    wrong["spec"]["template"]["spec"]["automountServiceAcountToken"] = False
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES, strict=True)


@pytest.mark.parametrize("name", JOBS)
def test_pod_has_no_rights_and_limits_on_all(name: str) -> None:
    pod = MANIFESTS[name]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["hostUsers"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["activeDeadlineSeconds"] > 0
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["limits"].keys() == {"cpu", "memory", "ephemeral-storage"}
    for volume in pod["volumes"]:
        assert "hostPath" not in volume
        assert "sizeLimit" in volume.get("emptyDir", {"sizeLimit": ""})


def test_no_pod_has_a_network() -> None:
    policy = MANIFESTS["NetworkPolicy no-network"]["spec"]
    assert policy == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    places = {each["metadata"].get("namespace") for each in MANIFESTS.values()}
    assert places == {"convbook-grader", None}, "None is the namespace itself"


def test_pod_sees_one_submission_and_cannot_write_it() -> None:
    (container,) = MANIFESTS["Job mark-"]["spec"]["template"]["spec"]["containers"]
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    assert STUDENT_ID.fullmatch(ODD)
    assert mounts["submitted"]["subPath"] == f"{ODD}/{NAME}"
    assert mounts["submitted"]["readOnly"] is True


@pytest.mark.parametrize("name", JOBS)
def test_pod_runs_a_command_that_exists(name: str) -> None:
    (container,) = MANIFESTS[name]["spec"]["template"]["spec"]["containers"]
    assert "command" not in container, "it is the image's"
    parsed(container["args"])


def parsed(arguments: list[str]) -> argparse.Namespace:
    """Parse arguments as the command would; a wrong one ends the test with SystemExit."""
    parser = argparse.ArgumentParser()
    import_module(COMMANDS[arguments[0]][0]).add_arguments(parser)
    return parser.parse_args(arguments[1:])


def test_image_definition_keeps_to_the_linter() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip("hadolint has a wheel for Linux on x86-64 only")
    command = [hadolint, "--no-color", CONTAINERFILE]
    linted = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (linted.returncode, linted.stdout) == (0, "")


def test_image_runs_as_nobody_and_starts_the_grader() -> None:
    assert instructions("USER") == ["10001:10001"]
    assert instructions("ENTRYPOINT") == ['["python", "-m", "autograder"]']
    (default,) = instructions("CMD")
    parsed(yaml.safe_load(default))


@pytest.mark.sandbox
@pytest.mark.slow
def test_what_the_image_holds_is_enough_to_mark(make_course: MakeCourse, tmp_path: Path) -> None:
    """The folders it copies, laid out as it does, run the command of the pod."""
    image = tmp_path / "grader"
    image.mkdir()
    for name in copied():
        source = ROOT / name
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, image / name, ignore=ignore)
        else:
            shutil.copy(source, image)
    course, name = make_course("graded/perfect"), student("graded/perfect")
    (container,) = MANIFESTS["Job mark-"]["spec"]["template"]["spec"]["containers"]
    places = {
        "/submission": str(course.submitted(NAME)[name]),
        f"/results/{ODD}.json": str(tmp_path / "out.json"),
        ODD: name,
    }
    arguments = container["args"]
    for place, here in places.items():
        arguments = [each.replace(place, here) for each in arguments]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "-m", "autograder", *arguments]
    ran = subprocess.run(
        command, cwd=image, env=environment, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, f"{name}: graded\n"), ran.stderr
