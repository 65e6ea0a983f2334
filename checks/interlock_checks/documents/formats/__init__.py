"""One module a format: a pure function from the text of a file to its `Layout`."""
