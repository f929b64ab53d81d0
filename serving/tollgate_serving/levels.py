"""Levels of the log, the most talkative first."""

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
