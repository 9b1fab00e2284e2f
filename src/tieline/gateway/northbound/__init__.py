"""The way in for utilities: who calls, how often, how much; and how errors are answered on each interface."""
