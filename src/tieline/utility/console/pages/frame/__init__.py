"""The moving part of the top bar: feeds' health and running changes."""
