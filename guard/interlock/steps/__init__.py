"""
The order-locked steps: verify, back up, migrate, each with a signed receipt.

Nothing here is imported by an application that only asks for engines; cryptography is imported
when a receipt is signed or read, and not before.
"""
