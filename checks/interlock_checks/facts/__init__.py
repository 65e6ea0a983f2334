"""From bytes to facts: what one file binds, uses and calls, with nothing known of the others."""
