"""Fetching against a server on this machine that misbehaves: a whole, checked file or one clear error."""

import errno
import hashlib
import http.server
import os
import random
import socket
import threading
import warnings

import pytest

from mmcourse.data import cache, download
from mmcourse.data.download import DownloadError, fetch

BODY = random.Random(5).randbytes(300_007)  # more than one chunk, and not a multiple of it
SHA256 = hashlib.sha256(BODY).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves BODY; `server.fault` says what goes wrong, `server.asked` remembers the ranges asked for."""

    def do_GET(self):
        fault, asked = self.server.fault, self.headers["Range"]
        self.server.asked.append(asked)
        if fault == "404":
            return self.send_error(404)
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and fault != "ignores ranges" else 0
        if start and start >= len(BODY):
            return self.send_error(416)
        body = BODY[start:]
        self.send_response(206 if start else 200)
        if fault == "chunked and cut":
            self.send_header("Transfer-Encoding", "chunked")
        elif fault != "no length":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault == "another file":
            body = body[:-1] + bytes([body[-1] ^ 1])
        if fault == "cut":
            body = body[: len(body) // 2]
        if fault == "chunked and cut":
            body = b"10000\r\n" + body[:0x10000] + b"\r\n10000\r\n" + body[0x10000:0x10010]
        if fault == "silent":
            self.server.answered.wait(2)
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.fault, server.asked, server.answered = None, [], threading.Event()
        server.url = f"http://127.0.0.1:{server.server_port}/set.bin"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.answered.set()
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MMCOURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def ask(server, **changes):
    return fetch(**{"url": server.url, "sha256": SHA256, "name": "set.bin"} | changes)


def kept(folder):
    """What a fetch left in the cache folder, without its lock."""
    return sorted(file.name for file in folder.iterdir() if file.suffix != ".lock")


def test_a_file_comes_whole_and_is_fetched_once(server, folder):
    path = ask(server)
    assert path == folder / "set.bin"
    assert path.read_bytes() == BODY
    assert kept(folder) == ["set.bin"]
    assert ask(server) == path
    assert server.asked == [None]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("404", r"expected the file http://127.*set\.bin, but its server answers 404"),
        ("cut", r"broke off: expected 300,007 bytes, came 150,003\. Try: run this again, it goes on"),
        ("chunked and cut", r"broke off \(IncompleteRead.* Try: connect and run this again"),
        ("another file", rf"not the right one: expected the sha256 {SHA256[:16]}…, came .* in 300,007 bytes\. Try: "),
    ],
)
def test_a_fault_ends_in_one_clear_error_and_the_second_try_works(server, folder, fault, said):
    server.fault = fault
    with pytest.raises(DownloadError, match=said):
        ask(server)
    assert "set.bin" not in kept(folder)
    server.fault = None
    assert ask(server).read_bytes() == BODY
    assert kept(folder) == ["set.bin"]


def test_a_transfer_that_broke_off_goes_on_from_there(server, folder):
    server.fault = "cut"
    with pytest.raises(DownloadError):
        ask(server)
    assert (folder / "set.bin.part").read_bytes() == BODY[:150_003]
    server.fault = None
    assert ask(server).read_bytes() == BODY
    assert server.asked == [None, "bytes=150003-"]


def test_a_server_that_ignores_ranges_sends_all_again(server, folder):
    folder.mkdir()
    (folder / "set.bin.part").write_bytes(BODY[:1000])
    server.fault = "ignores ranges"
    assert ask(server).read_bytes() == BODY
    assert server.asked == ["bytes=1000-"]


def test_a_server_that_tells_no_length_is_believed_only_with_the_checksum(server):
    server.fault = "no length"
    assert ask(server).read_bytes() == BODY


def test_a_whole_part_is_not_asked_for_again(server, folder):
    folder.mkdir()
    (folder / "set.bin.part").write_bytes(BODY)
    assert ask(server).read_bytes() == BODY
    assert kept(folder) == ["set.bin"]


def test_a_part_of_another_file_is_thrown_away(server, folder):
    folder.mkdir()
    (folder / "set.bin.part").write_bytes(b"another" * 5)
    with pytest.raises(DownloadError, match=r"not the right one.* starts from the beginning"):
        ask(server)
    assert kept(folder) == []
    assert ask(server).read_bytes() == BODY


def test_no_network_is_said_with_what_still_works(monkeypatch):
    def unreachable(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    with pytest.raises(DownloadError, match=r"no connection to sets\.example.*Name or service.*works offline"):
        fetch("https://sets.example/set.bin", SHA256, "set.bin")


def test_a_closed_port_is_said():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/set.bin"
        with pytest.raises(DownloadError, match="no connection to 127"):
            fetch(url, SHA256, "set.bin")


def test_a_silent_server_is_given_up(server, monkeypatch):
    monkeypatch.setattr(download, "_SILENCE_SECONDS", 0.2)  # the server waits two
    server.fault = "silent"
    with pytest.raises(DownloadError, match=r"broke off \(.*timed out"):
        ask(server)


class FullDisk:
    """An open file that has room for one chunk."""

    def __init__(self, file):
        self.file, self.writes = file, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, chunk):
        self.writes += 1
        if self.writes > 1:
            self.file.write(chunk[:9])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.file.write(chunk)


def test_a_full_disk_is_said_and_the_second_try_goes_on(server, folder, monkeypatch):
    open_ = cache.Path.open
    with monkeypatch.context() as full:
        full.setattr(cache.Path, "open", lambda self, mode: FullDisk(open_(self, mode)))
        with pytest.raises(DownloadError, match=r"cannot write set\.bin .*No space left.* MB are free.*MMCOURSE_CACHE"):
            ask(server)
    assert kept(folder) == ["set.bin.part"]
    assert ask(server).read_bytes() == BODY
    assert server.asked == [None, f"bytes={download._CHUNK + 9}-"]


def test_a_cache_folder_that_cannot_be_made_is_said(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("MMCOURSE_CACHE", str(tmp_path / "file" / "deeper"))
    with pytest.raises(DownloadError, match=r"cannot write set\.bin to the cache folder .*MMCOURSE_CACHE"):
        ask(server)


def test_an_interrupt_says_how_far_it_came_and_the_second_try_goes_on(server, folder, monkeypatch):
    chunks = download._chunks

    def stopped(url, response):
        yield next(chunks(url, response))
        raise KeyboardInterrupt

    with monkeypatch.context() as impatient:
        impatient.setattr(download, "_chunks", stopped)
        with pytest.raises(KeyboardInterrupt, match="stopped after 65,536 bytes; run this again"):
            ask(server)
    assert kept(folder) == ["set.bin.part"]
    assert ask(server).read_bytes() == BODY
    assert server.asked[1] == "bytes=65536-"


def test_a_damaged_file_is_told_and_fetched_again(server):
    ask(server).write_bytes(BODY[:-1])
    with pytest.warns(UserWarning, match=r"set\.bin is damaged: it is fetched again") as caught:
        assert ask(server).read_bytes() == BODY
    assert len(caught) == 1


def test_a_check_of_the_content_stands_in_for_a_checksum(server, folder):
    def refuse(path):
        assert path.read_bytes() == BODY
        raise ValueError("expected ten recordings, came nine")

    with pytest.raises(DownloadError, match="not the right one: expected ten recordings, came nine"):
        ask(server, sha256=None, check=refuse)
    assert kept(folder) == []
    seen = []
    assert ask(server, sha256=None, check=lambda path: seen.append(path.name)).read_bytes() == BODY
    assert seen == ["set.bin.part"]


def test_two_at_once_fetch_it_once(server):
    paths = []
    threads = [threading.Thread(target=lambda: paths.append(ask(server))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 4
    assert paths[0].read_bytes() == BODY
    assert server.asked == [None]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"url": "file:///etc/passwd"}, "expected an address that begins with http"),
        ({"name": "../set.bin"}, r"expected a plain file name .* got '\.\./set\.bin'"),
        ({"name": ""}, "expected a plain file name"),
        ({"sha256": "abc"}, "expected a sha256 of 64 lower-case hex digits, got 'abc'"),
        ({"sha256": None}, "expected a sha256 or a check"),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_asked(server, wrong, said):
    with pytest.raises(ValueError, match=said):
        ask(server, **wrong)
    assert server.asked == []


def test_a_slow_transfer_shows_a_bar_and_a_quick_one_is_silent(server, capfd, monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ask(server)
    assert capfd.readouterr() == ("", "")
    quick_bar = download.tqdm
    monkeypatch.setattr(download, "tqdm", lambda **told: quick_bar(**told | {"delay": 0, "mininterval": 0}))
    ask(server, name="slow.bin")
    shown = capfd.readouterr().err
    assert "slow.bin" in shown
    assert "262k/300k" in shown
