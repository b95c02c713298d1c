"""Rules: whom a marketer means, in a text that people read and engines answer; it is parsed, never run."""
