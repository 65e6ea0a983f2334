"""The static half of interlock: reads a repository and reports where the proof fails."""
