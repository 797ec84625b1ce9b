"""The speech engine eSpeak NG in a process of its own, so that its state and its faults stay out of yours.

Run as a program, this file answers requests on stdin until it is closed. `Engine` starts it so, and asks.

A request is one line of JSON. The answer is one line of JSON, {"bytes": n} or {"error": why}, and then n bytes of
16-bit samples. Clients call `mmcourse.data.speech`; nothing here is cached or checked.
"""

import atexit
import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import threading

RATE = 22050  # samples a second, checked when the engine starts
_SYNCHRONOUS, _CHARACTER_POSITION, _UTF8 = 2, 1, 1  # constants of espeak-ng/speak_lib.h
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
                "fails every time, install it anew: pip install --force-reinstall espeakng-loader"
            )
        return sound

    def _start(self):
        command = [sys.executable, "-P", __file__]  # -P: the files beside this one must not hide modules
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _library():
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    if rate != RATE:
        raise EngineError(f"expected speech at {RATE} samples a second, the engine answers {rate}")
    return library


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
