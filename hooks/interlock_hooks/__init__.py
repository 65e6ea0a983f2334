"""What git and pre-commit call: one module a hook, each with one `main(argv) -> int`."""
