"""Who has a study in hand: a lock on a file beside its journal, that no process outlives."""

import contextlib
import errno
import fcntl
import os
import socket
import time
from pathlib import Path

from steepest.base.errors import StoreError
from steepest.store.forking import in_children

PATIENCE = 0.2  # seconds a claim waits for another one to go
_WITHOUT_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP})


def whoami() -> str:
    """This process in words, for the message that another one gets.

    Example:
        >>> whoami().startswith(f"process {os.getpid()} on ")
        True
    """
    return f"process {os.getpid()} on {socket.gethostname()}"


class FileClaim:
    """A lock on one file, for one process at a time.

    The kernel lets go of the lock when the last process that holds the file open is gone. A forked child
    therefore drops its copy at once: a worker that outlives its parent does not keep the study.

    Args:
        path: the file to lock; it is made, and removed when the lock is let go.
        what: what is claimed, for messages.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     first = FileClaim(Path(folder) / "study.db.lock", "runs/a")
        ...     second = FileClaim(Path(folder) / "study.db.lock", "runs/a")
        ...     first.take()
        ...     try:
        ...         second.take()
        ...     except StoreError as error:
        ...         print(str(error).replace(whoami(), "process 41 on laptop"))
        ...     first.release()
        ...     second.take()
        ...     second.release()
        runs/a is in the hands of process 41 on laptop. Wait for it to end, or stop it.
    """

    def __init__(self, path: Path, what: str) -> None:
        self.path, self.what = path, what
        self._file: int | None = None

    @property
    def held(self) -> bool:
        """Whether this claim is taken."""
        return self._file is not None

    def take(self) -> None:
        """Take the lock; having it already is fine.

        Raises:
            StoreError: another process has it, the file cannot be made, or its file system has no locks.
        """
        while not self.held:
            try:
                file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            except OSError as error:
                raise StoreError(
                    f"{self.what} cannot be taken in hand: {self.path} cannot be written ({error.strerror}). "
                    "Make the folder writable, or copy the study to one that is."
                ) from error
            try:
                self._lock(file)
                if not self._still_there(file):  # removed by the one who had it, between our two calls
                    os.close(file)
                    continue
                with contextlib.suppress(OSError):  # a full disk has no room for the name; the lock holds
                    os.ftruncate(file, 0)
                    os.pwrite(file, whoami().encode(), 0)
            except BaseException:
                os.close(file)
                raise
            self._file = file
            in_children(self.drop)

    def holder(self) -> str:
        """Who has the lock, in words; "" where nobody has. Nothing is taken, so nobody is kept waiting."""
        try:
            file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return ""  # a lock that was let go leaves no file
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # whoever was killed left a file without a lock
        except BlockingIOError:
            return os.pread(file, 300, 0).decode(errors="replace") or "another process"
        except OSError:
            return ""
        finally:
            os.close(file)
        return ""

    def release(self) -> None:
        """Let go of the lock; not having it is fine."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # a folder that is gone or locked up takes nothing from us
                self.path.unlink()
            self.drop()

    def drop(self) -> None:
        """Close this process's copy of the lock and leave the file alone."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _lock(self, file: int) -> None:
        """Who asks for the holder, or was killed just now, has it for an instant: try a little longer."""
        until = time.monotonic() + PATIENCE
        try:
            while True:
                try:
                    return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    if time.monotonic() > until:
                        raise
                    time.sleep(PATIENCE / 20)
        except BlockingIOError:
            holder = os.pread(file, 300, 0).decode(errors="replace") or "another process"
            raise StoreError(
                f"{self.what} is in the hands of {holder}. Wait for it to end, or stop it."
            ) from None
        except OSError as error:
            if error.errno not in _WITHOUT_LOCKS:
                raise StoreError(f"{self.path} cannot be locked: {error.strerror}.") from error
            raise StoreError(
                f"{self.path} cannot be locked: its file system has no locks ({error.strerror}), so two "
                "processes could spoil one study. Use a folder on a local disk."
            ) from error

    def _still_there(self, file: int) -> bool:
        try:
            return os.path.samestat(os.fstat(file), os.stat(self.path))
        except FileNotFoundError:
            return False
