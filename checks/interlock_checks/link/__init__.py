"""From the facts of single files to the meaning of a name in the whole repository."""
