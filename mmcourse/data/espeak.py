"""The speech engine eSpeak NG in a process of its own, so that its state and its faults stay out of yours.

Run as a program, this file answers requests on stdin until it is closed. `Engine` starts it so, and asks.

A request is one line of JSON. The answer is one line of JSON, {"bytes": n} or {"error": why}, and then n bytes of
16-bit samples. Clients call `mmcourse.data.speech`; nothing here is cached or checked.
"""

import atexit
import contextlib
import ctypes
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

RATE = 22050  # samples a second, checked when the engine starts
_SYNCHRONOUS, _CHARACTER_POSITION, _UTF8 = 2, 1, 1  # constants of espeak-ng/speak_lib.h
LIBRARIES = {  # sha256 of the library in each wheel of espeakng-loader 0.2.4
    "b15ce0803b26254e8a0d088c6b9281a2637b2b02613147cc320cfdefaf2c3ccf": "Linux x86-64",
    "bb635eee1ee9c456f4a5cf06fb6cb352ecdd4d61e1951743b423ef22bb57f470": "macOS arm64",
    "d6a7203a3d84c384c5932c468a4d2645b2e7c42613af4e25a621336ab4c1f02a": "macOS x86-64",
    "646d387acbc7ac2aa45e3625aa00a6835ae5d446ff8b0748298c3900b4dde258": "Windows x86-64",
}
VOICES_SHA256 = "0bd2cfe588c6386a56c364f7f560894e21062e30efdc6a24f9e88ff33946d7b0"  # the same in every wheel
_PARAMETERS = {"rate": 1, "pitch": 3}


class EngineError(RuntimeError):
    """The engine cannot be started or cannot say something; the message says why, and what to try."""


class Engine:
    """The engine's process: started when first asked, started anew if it dies, shared by the threads of this one."""

    def __init__(self):
        self._lock = threading.Lock()
        self._process = None
        atexit.register(self.stop)

    def say(self, text, voice, rate, pitch):
        """16-bit samples at RATE as bytes. Raises EngineError."""
        request = json.dumps({"text": text, "voice": voice, "rate": rate, "pitch": pitch}) + "\n"
        with self._lock:
            try:
                return self._exchange(request.encode())
            except BaseException:  # an interrupted exchange would answer the next request with this one's sound
                self.stop()
                raise

    def stop(self):
        """End the process; the next request starts another."""
        if self._is_running():
            self._process.kill()
            self._process.communicate()
        self._process = None

    def _is_running(self):
        """False also after a fork: the process then belongs to the parent, whose pipes must not be used."""
        return self._process is not None and self._process.poll() is None

    def _exchange(self, request):
        if not self._is_running():
            self._start()
        with contextlib.suppress(OSError):  # a process that died may have said why
            self._process.stdin.write(request)
            self._process.stdin.flush()
        try:
            answer = json.loads(self._process.stdout.readline() or '{"error": "its process died"}')
            sound = self._process.stdout.read(answer.get("bytes", 0))
        except (OSError, ValueError) as problem:
            answer = {"error": str(problem)}
        if "error" in answer or len(sound) < answer["bytes"]:
            raise EngineError(
                f"the speech engine failed ({answer.get('error', 'its process died')}). Try: run this again; if it "
                "fails every time, install it anew: pip install --force-reinstall espeakng-loader==0.2.4"
            )
        return sound

    def _start(self):
        command = [sys.executable, "-P", __file__]  # -P: the files beside this one must not hide modules
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _library():
    import espeakng_loader

    path, voices = espeakng_loader.get_library_path(), espeakng_loader.get_data_path()
    check_parts(path, voices)
    library = ctypes.CDLL(path)
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, voices.encode(), 0)
    if rate != RATE:
        raise EngineError(f"expected speech at {RATE} samples a second, the engine answers {rate}")
    return library


def check_parts(library, voices):
    """Raise EngineError unless the library and the folder of voices are those of the pinned release."""
    found = hashlib.sha256(Path(library).read_bytes()).hexdigest()
    if found not in LIBRARIES:
        raise EngineError(f"its library has the sha256 {found[:16]}…, which is not that of espeakng-loader 0.2.4")
    files = {file.relative_to(voices).as_posix(): file for file in Path(voices).rglob("*") if file.is_file()}
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + files[name].read_bytes())
    if digest.hexdigest() != VOICES_SHA256:
        raise EngineError(f"its voices have the sha256 {digest.hexdigest()[:16]}…, expected was {VOICES_SHA256[:16]}…")


def _serve(library, requests, answers):
    pieces = []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
    def collect(samples, count, _events):
        if samples and count > 0:
            pieces.append(ctypes.string_at(samples, 2 * count))
        return 0

    library.espeak_SetSynthCallback(collect)
    for line in requests:
        pieces.clear()
        error = _synthesise(library, **json.loads(line))
        sound = b"".join(pieces)
        answers.write(json.dumps({"error": error} if error else {"bytes": len(sound)}).encode() + b"\n")
        answers.write(b"" if error else sound)
        answers.flush()


def _synthesise(library, text, voice, **parameters):
    """Have the callback collect the sound. Returns what went wrong, or None."""
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        return f"it has no voice {voice}"
    for name, value in parameters.items():
        library.espeak_SetParameter(_PARAMETERS[name], value, 0)
    data = text.encode() + b"\0"
    status = library.espeak_Synth(data, ctypes.c_size_t(len(data)), 0, _CHARACTER_POSITION, 0, _UTF8, None, None)
    return None if status == 0 else f"it answers {status}"


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which closes stdin
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever the library prints must not land among the answers
    try:
        library = _library()
    except Exception as problem:  # whatever it is, the parent has to hear of it
        answers.write(json.dumps({"error": str(problem)}).encode() + b"\n")
        return
    _serve(library, sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
