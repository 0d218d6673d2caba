"""The machinery that every scenario stands on: programs, processes, meters, rounds."""
