"""Plan management (TS 28.572): bulk changes are described, tried, put into effect in the background and taken back.

``service`` keeps descriptors and jobs; ``executor`` carries jobs out, a transaction for each chunk of changes, so that
a process that is killed goes on where the last chunk ended and nothing takes effect twice.
"""
