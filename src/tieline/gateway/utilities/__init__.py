"""The utilities that an operator serves: their certificates, what their contracts allow, how often they may call."""
