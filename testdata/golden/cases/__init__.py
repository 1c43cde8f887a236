"""One module a golden file; each has `cases()`."""
