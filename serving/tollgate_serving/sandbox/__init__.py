"""What is around a scorer: bubblewrap's namespaces or Landlock, and with either a filter of system calls and limits.

``docs/sandbox.md`` says what is held on which host, and what is not.
"""
