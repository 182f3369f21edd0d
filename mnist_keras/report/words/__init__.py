"""All sentences about verdicts, in both languages, composed from numbers alone."""
