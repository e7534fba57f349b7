"""Two arms compared in one run: in rounds, over several launches of each."""
