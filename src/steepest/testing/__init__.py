"""Contracts as checks that anybody can run on a part of their own: a journal, for a start."""
