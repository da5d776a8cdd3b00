"""What is said of a failure, and whether to believe it: a file for each question.

Does it come out again: ``determinism``, ``fresh``. What would have to be otherwise for all to be well: ``nearest``. When was it
decided: ``curve``. How far is it from what stock trio does: ``feasibility``, ``delays``, ``forcing``. How does it live on as a
test: ``regression``, ``holding``.
"""
