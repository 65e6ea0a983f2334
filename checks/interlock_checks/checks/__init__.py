"""One file a check; the file is its registration, its name is code and name of the check."""
