"""Where submissions are graded when one computer is not enough: on a Dask cluster, by way of its executor.

Each worker needs mmcourse and bubblewrap, and keeps warm sandboxes as a thread here does. What goes out are notebooks,
what comes back are lines; the grades are written here. When a worker dies, Dask gives its submissions to another one.
Whoever reaches a Dask cluster can run code on it: keep it in a network of its own, or behind TLS.
"""

import sys
import threading
from contextlib import contextmanager

PATIENCE = 10  # seconds in which the cluster must answer
LOOK_AGAIN = 60.0  # seconds


class NoCluster(Exception):
    """The cluster cannot be used; the message says what to do."""


@contextmanager
def cluster(address: str):
    """The executor of the cluster whose scheduler is at that address, such as tcp://10.0.0.5:8786. Raises NoCluster."""
    try:
        from distributed import Client
    except ImportError:
        raise NoCluster('Dask is not installed here: pip install "mmcourse[classroom]"') from None
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise NoCluster(
            f"No Dask scheduler answers at {address!r} ({error}). Start one with `dask scheduler`, and workers on each "
            "computer with `dask worker ADDRESS --nthreads 1 --nworkers auto`."
        ) from None
    with client:
        if not client.ncores():
            raise NoCluster(f"The scheduler at {address!r} has no workers. On each computer: dask worker {address}")
        over = threading.Event()
        watch = threading.Thread(target=_tell_when_alone, args=(client, address, over), daemon=True)
        watch.start()
        try:
            yield client.get_executor()
        finally:
            over.set()
            watch.join(PATIENCE)


def _tell_when_alone(client, address: str, over: threading.Event) -> None:
    """Dask waits for new workers for ever, and without a word."""
    while not over.wait(LOOK_AGAIN):
        try:
            trouble = "" if client.ncores() else f"has no workers left. On each computer: dask worker {address}"
        except Exception as error:  # whatever it is, it must not end the watch
            trouble = f"does not answer ({error})"
        if trouble:
            said = f"The scheduler at {address!r} {trouble}. Ctrl-C stops; grades are kept."
            print(said, file=sys.stderr, flush=True)
