"""The outcome of a check, for people and for programs."""
