"""OpenAI's evals: registry files that name an evaluation's class, arguments and samples."""
