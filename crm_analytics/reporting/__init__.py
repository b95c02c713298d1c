"""Editions: a notebook run for one set of typed parameters, as an offline page. The only room that runs notebooks."""


class ReportingError(Exception):
    """A report cannot be made as it was asked for; the message says why, and the next move."""
