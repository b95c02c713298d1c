"""Run editions in child processes, two at a time, and publish each as it ends: its page, its record, the index."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from crm_analytics.reporting import catalogue
from crm_analytics.reporting.child import step_reached
from crm_analytics.reporting.edition import Edition, Record
from crm_analytics.say import say

LIMIT_SECONDS = 900.0
_GRACE_SECONDS = 5.0

Told = Callable[[Edition, str, Record | None], None]
"""Hears of an edition: at which step it is, and, at the end, how it came out."""


def publish(
    editions: Sequence[Edition],
    *,
    at_once: int = 2,
    limit_seconds: float = LIMIT_SECONDS,
    told: Told = lambda edition, step, record: None,
) -> list[Record]:
    """Run the editions and put their pages out; the records come back in the order of the editions.

    Each stage of the cycle feeds the next: its pages begin when those of the stage before are out. An edition that
    fails does not stop the others. Interrupted (also by SIGTERM), it leaves no process behind and
    publishes nothing of what was under way.
    """
    waiting, running, records = list(editions), [], {}
    with _sigterm_as_interrupt():
        try:
            while waiting or running:
                while waiting and len(running) < at_once and {_stage(run.edition) for run in running} <= {
                    _stage(waiting[0])
                }:
                    running.append(_Run(waiting.pop(0), limit_seconds))
                for run in list(running):
                    told(run.edition, run.step, None)
                    if run.ended():
                        running.remove(run)
                        records[run.edition.name] = record = run.put_out()
                        told(run.edition, run.step, record)
                sleep(0.1)
        finally:
            for run in running:
                run.abandon()
    return [records[edition.name] for edition in editions]


def _stage(edition: Edition) -> str:
    """The stage of the cycle, which is the folder its notebook lies in."""
    return Path(edition.notebook).parent.name


class _Run:
    """One edition under way: its child process, everything the child started, and the folder it writes to."""

    def __init__(self, edition: Edition, limit_seconds: float):
        self.edition = edition
        self.limit_seconds = limit_seconds
        self.mark = uuid.uuid4().hex
        # Short, because the kernel's sockets lie in it and a socket's path may not be long.
        self.scratch = Path(tempfile.mkdtemp(prefix="crm-"))
        edition.folder.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix=".making-", dir=edition.folder))
        (self.folder / "edition.json").write_text(edition.to_json(), "utf-8")
        self.began = monotonic()
        self.timed_out = False
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "crm_analytics.reporting.child", str(self.folder)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=self._environment(),
            )

    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "CRM_HOME": self.edition.facts.home,
            "CRM_RELEASE": str(self.edition.facts.release),
            "CRM_STILL": "1",
            "CRM_RUN": self.mark,
            "PLOTLY_RENDERER": "plotly_mimetype",
            "PYTHONHASHSEED": "0",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            # A person's start-up files must not change a report, and two kernels must not share a history file.
            "IPYTHONDIR": str(self.scratch / "ipython"),
            "JUPYTER_RUNTIME_DIR": str(self.scratch),
        }

    @property
    def seconds(self) -> float:
        return monotonic() - self.began

    @property
    def step(self) -> str:
        return step_reached(self.folder)

    def ended(self) -> bool:
        if self.process.poll() is None and self.seconds > self.limit_seconds:
            self.timed_out = True
            self._stop()
        return self.process.poll() is not None

    def _stop(self) -> None:
        """Ask the child to end, so that it can write its notebook down; then end all that is left of the run."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_GRACE_SECONDS)
        self._sweep()

    def _sweep(self) -> None:
        end_tree(self.process.pid, mark=self.mark)
        self.process.wait()
        self.process.stdin.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def abandon(self) -> None:
        self._stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def put_out(self) -> Record:
        """Move what the child made to where readers look. The record comes last: what it names is there."""
        self._sweep()
        record = None
        if self.process.returncode == 0 and not self.timed_out:
            record = Record.read(self.folder / f"{self.edition.name}.json")
        record = record or self._broken()
        place = self.edition.folder
        for made, name in (("page.html", record.page), ("executed.ipynb", record.kept)):
            if name:
                (self.folder / made).replace(place / name)
        for leftover in {f"{record.edition}.html", f"{record.edition}.failed.ipynb"} - {record.page, record.kept}:
            (place / leftover).unlink(missing_ok=True)
        record.write(place)
        shutil.rmtree(self.folder)
        catalogue.rebuild(Path(self.edition.day_folder))
        return record

    def _note_last_words(self) -> None:
        """Add what the child had to say to the notebook as far as it came: as it was, if it never began."""
        import nbformat

        executed = self.folder / "executed.ipynb"
        notebook = nbformat.read(executed if executed.exists() else self.edition.notebook, as_version=4)
        words = (self.folder / "log").read_text("utf-8", errors="replace")
        notebook.cells.append(nbformat.v4.new_raw_cell(words))
        nbformat.write(notebook, executed)

    def _broken(self) -> Record:
        from crm_analytics.reporting import page

        if self.timed_out:
            sentence = say(
                "Stopped in {step} after {seconds:number} seconds, which is all the time it may take.",
                step=self.step,
                seconds=self.limit_seconds,
            )
        else:
            sentence = say("The run broke in {step}; the kept notebook tells the rest.", step=self.step)
        self._note_last_words()
        title = page.title_in(Path(self.edition.notebook))
        return Record.of(self.edition, state="failed", title=title, sentence=sentence, seconds=self.seconds)


def end_tree(pid: int, *, mark: str) -> None:
    """Kill a process and all it brought into the world, also what detached itself: that still bears the run's mark."""
    import psutil

    family = []
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    for _ in range(20):  # what is forked while we kill is found in the next round
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        psutil.wait_procs(family, timeout=2)
        family = list(_marked(mark))
        if not family:
            return


def _marked(mark: str) -> Iterator[Any]:
    import psutil

    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get("CRM_RUN") == mark:
                yield process


@contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not the main thread: signals are somebody else's
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
