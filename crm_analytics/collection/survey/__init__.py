"""Surveys as they are exported: wide, with long headings in one to three rows, unfolded into one answer a row."""
