"""Tollgate's Python side: the scorer, the evaluator and the digest of a model version."""
