"""What a run records of the files that its model is written to and read from."""

from collections.abc import Callable
from typing import Any

from kprov_capture import statements_data, statements_model, written
from kprov_capture.background import Ticket
from kprov_capture.facts import Source
from kprov_capture.record import Record


class ModelFiles(Record):
    """A record with model files; :class:`kprov_capture.run.Run` is one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Local names of each checkpoint, and of what was written to which path.
        self._checkpoints: set[str] = set()
        self._files: dict[str, tuple[str, str]] = {}
        # The number of the last export to each path, and the state of the file then.
        self.exported: dict[str, tuple[int, tuple[int, int] | None]] = {}
        # The local name of the model as it is now.
        self.model = "model"
        # What was changed by hand, and whether something was done with it since.
        self._altered: str | None = None
        self._used = False
        # Local names of the files whose weights it was given within the training.
        self._resumed: list[str] = []
        super().__init__(*args, **kwargs)

    def checkpoint(self, epoch: int | None, at: float, step: int | None = None) -> str:
        """The local name of the model as it was after ``epoch``, or after ``step`` updates."""
        local = f"checkpoint-{epoch}" if step is None else f"checkpoint-step-{step}"
        if local not in self._checkpoints:
            self._checkpoints.add(local)
            self.tell(statements_model.checkpoint, local, epoch, step, at)
        return local

    def model_file(
        self,
        started: float,
        ended: float,
        path: str,
        model: str | None = None,
        kind: str | None = None,
        finish: Callable[[int], None] | None = None,
    ) -> Ticket:
        """The model was written to a file, which is hashed in the background.

        ``model`` is the local name of what was written: without it what the training
        left; ``kind`` the format of the file. ``finish`` is called with the number N of the
        export before ``file-N`` is hashed, and may change the file. See release_data for
        the ticket.
        """
        number = self.number("export")
        self._used = True
        self.tell(
            statements_model.model_export, number, started, ended, path, model or self.model, kind
        )
        if finish is not None:
            finish(number)
        local = f"file-{number}"
        self.exported[path] = number, written.state(path)
        self._files[path] = local, model or self.model
        self._put(self._note_file, local, path)
        return self.hash_file(local, path)

    def model_read(self, path: str, known: tuple[int, int] | None) -> tuple[str, Source]:
        """A model file that was read: its local name here, and which run wrote it.

        ``known`` are size and time of the file when it was read: its content is named
        where they are still the same.
        """
        unchanged = known is not None and written.state(path) == known
        source = written.find(self.home, path) if unchanged else Source(path)
        local = f"pretrained-{self.number('pretrained')}"
        self.tell(statements_model.model_read, local, source)
        if unchanged:
            self.hash_file(local, path)
        else:
            reason = "the file changed after the model was read from it"
            self.tell(statements_data.unhashed, local, reason)
        return local, source

    def resume(self, path: str, technique: str) -> None:
        """Within a training, its model was given the weights in a file.

        Where an earlier run wrote that, this one goes on with it.
        """
        local, source = self.model_read(path, written.state(path))
        self._resumed.append(local)
        number = self.number("restoration")
        self.tell(statements_model.restoration, number, self.now(), technique, local, None)
        if source.run is not None and source.run != self.names.run:
            # Where neither has a campaign, the name of the first run makes one.
            self.campaign = self.campaign or source.campaign or f"resumed-{source.run[-36:]}"
            self.tell(statements_model.resumption, source.run, self.campaign)

    def restore(self, path: str, technique: str) -> None:
        """After the training, its model was given the weights in a file."""
        number = self.number("restoration")
        model = self._next_model()
        _, left = self.exported.get(path, (0, None))
        if left is not None and left == written.state(path):
            used = self._files[path][1]  # what this run wrote there
        else:
            used, _ = self.model_read(path, written.state(path))
        self.tell(statements_model.restoration, number, self.now(), technique, used, model)
        self.model = model

    def alter(self) -> None:
        """After the training, the weights were changed by hand: it is another model."""
        if self._altered != self.model or self._used:
            model = self._next_model()
            self.tell(statements_model.altered, model, self.model, self.now())
            self.model = self._altered = model
            self._used = False

    def _next_model(self) -> str:
        return f"model-{self.number('model') + 1}"

    def _note_file(self, local: str, path: str) -> None:
        written.remember(self.home, path, self.names(local), self.names.run, self.campaign)
