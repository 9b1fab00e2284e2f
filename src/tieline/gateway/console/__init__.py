"""The operator's console: what its staff see of the utilities, and what they do for them. Served with the back office.

Its pages are made of the parts in ``tieline.console``; what they show and do are use cases of ``backoffice``,
``authorization`` and ``desk``, which the back office's REST has as well.
"""
