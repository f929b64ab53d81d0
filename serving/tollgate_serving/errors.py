"""Errors meant for the person who runs the command."""


class UserError(Exception):
    """One sentence: what, which value, what to do. ``exit_code`` is the command's."""

    def __init__(self, message: str, exit_code: int = 1):
        super().__init__(message)
        self.exit_code = exit_code
