"""The search in a repository's history for the commit that made a test slower."""
