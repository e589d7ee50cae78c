"""How much a submission may use."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from convbook.errors import GradingError

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """Limits of one submission; seconds are wall time unless they say otherwise.

    Attributes:
        cell_seconds: one cell of the notebook.
        call_seconds: one call of a graded function.
        total_seconds: everything together, with restarts.
        cpu_seconds: processor time of one process.
        memory: bytes of memory of all its processes together.
        address_space: bytes that one process may map beyond what is preloaded.
        processes: processes and threads at one time.
        open_files: file descriptors of one process.
        disk: bytes of its temporary folder.
        file_size: bytes of one file.
        output: bytes of text kept of one cell.
        outputs: bytes of text kept of all cells.
        pictures: pictures kept of one cell.
        picture: bytes of one picture.
        album: bytes of all pictures of a submission.
        value: bytes of one returned value.
        values: bytes of all returned values together.
        restarts: how often its process is started again after it died or hung.
    """

    cell_seconds: float = 30.0
    call_seconds: float = 5.0
    total_seconds: float = 180.0
    cpu_seconds: int = 120
    memory: int = 1536 * MIB
    address_space: int = 4096 * MIB
    processes: int = 48
    open_files: int = 128
    disk: int = 128 * MIB
    file_size: int = 64 * MIB
    output: int = 64 * 1024
    outputs: int = 2 * MIB
    pictures: int = 8
    picture: int = MIB
    album: int = 4 * MIB
    value: int = 16 * MIB
    values: int = 48 * MIB
    restarts: int = 6

    def __post_init__(self) -> None:
        """Refuse limits that limit nothing."""
        wrong = {name: value for name, value in asdict(self).items() if value <= 0}
        if wrong:
            raise GradingError(
                "Setting the limits of a submission.",
                got=", ".join(f"{name}={value}" for name, value in wrong.items()),
                rule="every limit is positive",
                next_step="choose a larger number",
            )


DEFAULT = Limits()
# The checker runs our code on a student's bytes; its times are the caller's to hold.
CHECKER = Limits(cpu_seconds=600, memory=2048 * MIB, processes=8, value=512 * MIB)
