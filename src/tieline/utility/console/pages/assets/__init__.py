"""The built scripts, styles, fonts and icons."""
