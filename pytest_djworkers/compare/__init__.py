"""Compare two arms in one run: in rounds, over several launches of each."""
