"""What is measured, how, and against which bar. ``make bench`` runs every row; ``make bench ROW=name`` one."""
