"""The utility's web console: pages made of server-rendered parts, with small scripts only where a picture needs one.

``components`` holds the parts (typed values in Python, Jinja macros beside them), ``layout`` the frame around a page,
``render`` puts both together, ``gallery`` shows every part in every state.
"""

from tieline.utility.console.render import Assets, Renderer

__all__ = ["Assets", "Renderer"]
