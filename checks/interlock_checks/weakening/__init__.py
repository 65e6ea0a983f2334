"""The room that compares two states of what a repository declares: is today's any weaker?"""
