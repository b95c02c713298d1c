"""Inside the child process: run one edition's notebook, set its page, and write down how it came out.

Started by `run` as `python -m crm_analytics.reporting.child FOLDER`. Everything is written to that folder, which is
nobody else's; the parent publishes it only if this process ends well.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

from crm_analytics.reporting.edition import Edition, Record, State, write_whole
from crm_analytics.say import Voice, say, speak

ENDINGS: dict[str, State] = {"TableAbsent": "absent", "NoAnswer": "doubtful"}
"""Honest ends of a page that are no failures: the company lacks a table, the evidence carries no answer."""

UNUSED = ("rfc3987_syntax", "pyarrow")
"""Papermill would spend half its start on these, for a syntax and a file system that no notebook of ours is read by."""

HOUSE_ERRORS = {"WarehouseError", "LedgerError"}
"""Their messages are ours and speak of tables and releases. Any other message may quote a customer, and stays in the
notebook."""


def main(folder: Path) -> None:
    _end_with_parent(folder)
    sys.modules |= dict.fromkeys(UNUSED)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    edition = Edition.from_json((folder / "edition.json").read_text("utf-8"))
    speak(Voice(language=edition.facts.language, currency=edition.facts.currency))
    began = monotonic()
    trouble = run_notebook(edition, folder)
    record, page = _outcome(edition, folder, trouble, seconds=monotonic() - began)
    if page:
        write_whole(folder / "page.html", page)
    record.write(folder)


def run_notebook(edition: Edition, folder: Path) -> tuple[State, str] | None:
    """Execute the notebook into `executed.ipynb`, as far as it goes. The state it failed with and why, or None."""
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.engines import papermill_engines
    from papermill.exceptions import PapermillExecutionError

    papermill_engines.register("here", _engine(folder))
    try:
        papermill.execute_notebook(
            edition.notebook,
            None,
            parameters=edition.values,
            engine_name="here",
            kernel_name="python3",
            language="python",
            progress_bar=False,
            request_save_on_cell_execute=False,
            cwd=str(Path(edition.notebook).parent),
        )
    except PapermillExecutionError as error:
        if error.ename in ENDINGS:
            return ENDINGS[error.ename], error.evalue
        return "failed", _why(error, folder)
    except DeadKernelError:
        return "failed", say("The kernel died in {step}; it may have run out of memory.", step=step_reached(folder))
    return None


def _engine(folder: Path) -> type:
    """Papermill's engine, but: this very interpreter as the kernel, its channels no ports, the notebook always kept."""
    import nbformat
    from ipykernel.kernelspec import get_kernel_dict
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from papermill.engines import NBClientEngine

    class ThisInterpreter(AsyncKernelManager):
        @property
        def kernel_spec(self) -> KernelSpec:
            return KernelSpec(**get_kernel_dict())

    class Here(NBClientEngine):
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> None:
            code = [i for i, c in enumerate(nb_man.nb.cells) if c.cell_type == "code" and not _injected(c)]

            def note_step(cell: Any, cell_index: int) -> None:
                if cell_index in code:
                    (folder / "step").write_text(f"{code.index(cell_index) + 1} {len(code)}")

            try:
                super().execute_managed_notebook(
                    nb_man,
                    kernel_name,
                    kernel_manager_class=ThisInterpreter,
                    config=_sockets(),
                    extra_arguments=[f"--IPKernelApp.exec_lines={_PLAIN_TABLES}"],
                    on_cell_start=note_step,
                    shutdown_kernel="immediate",
                    **options,
                )
            finally:
                nbformat.write(nb_man.nb, folder / "executed.ipynb")

    return Here


_PLAIN_TABLES = "from crm_analytics.result.figures import shown_by; shown_by(get_ipython())"
"""What a page's kernel begins with, so that plain tables are set like those of Results."""


def _sockets() -> Any:
    """Talk to the kernel through sockets in the run's own folder: nobody else reaches it, and no two kernels meet."""
    from traitlets.config import Config

    place = os.environ["JUPYTER_RUNTIME_DIR"]
    return Config(
        {"KernelManager": {"transport": "ipc", "ip": f"{place}/kernel", "connection_file": f"{place}/kernel.json"}}
    )


def _injected(cell: Any) -> bool:
    return "injected-parameters" in cell.metadata.get("tags", ())


def step_reached(folder: Path) -> str:
    """Where a run stands or stood, in words."""
    try:
        step, steps = (folder / "step").read_text().split()
    except (OSError, ValueError):
        return say("its beginning")
    return say("step {step} of {steps}", step=step, steps=steps)


def _why(error: Any, folder: Path) -> str:
    """One sentence for the index. A message is quoted only when it is ours: about tables, or about a knob's value."""
    ours = error.ename in HOUSE_ERRORS or _raised_by_a_knob(error.traceback)
    step = step_reached(folder)
    if ours:
        return say("Stopped in {step}: {message}", step=step, message=error.evalue.splitlines()[0])
    return say("Stopped in {step} by {error}; the kept notebook tells the rest.", step=step, error=error.ename)


def _raised_by_a_knob(traceback: list[str]) -> bool:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(traceback))
    frames = re.findall(r"^File (.*?):\d+, in ([\w.]+)", plain, flags=re.MULTILINE)
    return bool(frames) and "crm_analytics" in frames[-1][0] and frames[-1][1].endswith("__post_init__")


def _outcome(
    edition: Edition, folder: Path, trouble: tuple[State, str] | None, *, seconds: float
) -> tuple[Record, str | None]:
    import nbformat

    from crm_analytics.reporting import page

    executed = folder / "executed.ipynb"
    notebook = nbformat.read(executed if executed.exists() else edition.notebook, as_version=4)
    answers = page.answers_in(notebook)
    state, sentence, doubts = page.verdict(answers)
    if trouble:
        ended, why = trouble
        if ended in ENDINGS.values() and answers and answers[0]["enough"]:
            state = "doubtful" if ended == "doubtful" else state
            doubts.append({"name": say("The page is incomplete"), "verdict": "weak", "text": why})
        else:
            state, sentence, doubts = ended, why, []
    verdicts = [check["verdict"] for answer in answers for check in answer["checks"]]
    record = replace(
        Record.of(edition, state=state, title=page.title_of(notebook), sentence=sentence, seconds=seconds),
        doubts=doubts,
        checks={verdict: verdicts.count(verdict) for verdict in ("holds", "weak", "fails")},
    )
    return record, None if state == "failed" else page.render(notebook, edition, record, end=trouble and trouble[1])


def _end_with_parent(folder: Path) -> None:
    """When the parent is gone, however it went, its end of our stdin closes: then nothing of this run may live on."""

    def watch() -> None:
        while os.read(0, 1024):
            pass
        import psutil

        for process in psutil.Process().children(recursive=True):
            process.kill()
        for left in (folder, os.environ["JUPYTER_RUNTIME_DIR"]):
            shutil.rmtree(left, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
