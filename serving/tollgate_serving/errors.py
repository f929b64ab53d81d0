"""Errors meant for the person who runs the command."""

#: Exit code for arguments that can't be read, as sysexits.h names it.
EXIT_USAGE = 64
#: Exit codes of the scorer and the fetcher, so that whoever starts them can tell the cases apart: other bytes than
#: pinned, no bytes.
EXIT_DIGEST = 3
EXIT_DOWNLOAD = 4


class UserError(Exception):
    """One sentence: what, which value, what to do. ``exit_code`` is the command's."""

    def __init__(self, message: str, exit_code: int = 1):
        super().__init__(message)
        self.exit_code = exit_code
