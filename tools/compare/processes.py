"""Processes that this comparison starts, and ends: none outlives it."""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

started = []


class Failed(Exception):
    """What a process said on its way out."""


def launch(command, **options):
    # In a session of its own: Ctrl-C reaches this script alone, which then ends what it started.
    process = subprocess.Popen([str(part) for part in command], start_new_session=True, **options)
    started.append(process)
    return process


def end_all():
    for process in started:
        if process.poll() is None:
            process.terminate()
    for process in started:
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def finish(command, **options):
    """Runs a command to its end; its standard output. Failed with its last line of standard error."""
    with tempfile.TemporaryFile("w+") as errors:
        process = launch(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True, **options)
        output = process.communicate()[0]
        if process.returncode:
            raise Failed(last_words(process, errors))
        return output


def last_words(process, errors):
    errors.seek(0)
    lines = [line.strip() for line in errors.read().splitlines() if line.strip()]
    if process.returncode < 0:
        return f"ended by signal {-process.returncode}" + (f": {lines[-1]}" if lines else "")
    return lines[-1] if lines else f"exit status {process.returncode}"


class Worker:
    """A runtime with its model loaded, waiting for orders. `ready` is its first answer."""

    def __init__(self, command):
        self.errors = tempfile.TemporaryFile("w+")
        begin = time.perf_counter_ns()
        self.process = launch(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True, bufsize=1)
        self.ready = self.answer()
        self.ready["start_ms"] = (time.perf_counter_ns() - begin) / 1e6

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            raise Failed(last_words(self.process, self.errors))
        return json.loads(line)

    def order(self, words):
        try:
            self.process.stdin.write(words + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # answer() says why
        return self.answer()

    def quit(self):
        try:
            self.process.stdin.write("quit\n")
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()

    def cpu_ns(self):
        """Time that all its threads have been on a core."""
        total = 0
        for task in Path(f"/proc/{self.process.pid}/task").glob("*"):
            try:
                total += int((task / "schedstat").read_text().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
                return (int(fields[11]) + int(fields[12])) * 10**9 // os.sysconf("SC_CLK_TCK")
        return total


def wait_until_quiet(workers, limit=3.0):
    """Until pools that spin after a run have gone to sleep: less than 1 % of a core each during 30 ms. True if they have."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        before = [worker.cpu_ns() for worker in workers]
        time.sleep(0.03)
        if all(worker.cpu_ns() - b < 300_000 for worker, b in zip(workers, before)):
            return True
    return False
