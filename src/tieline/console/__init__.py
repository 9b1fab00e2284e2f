"""What every console is made of: parts, the frame around a page, scripts and styles, and how a page is asked for.

``components`` holds the parts (typed values in Python, Jinja macros beside them), ``layout`` the frame, ``render`` puts
both together, ``http`` is what a page's handler starts from, ``session`` the way in, ``files`` serves what was built;
``gallery`` shows every part in every state. It knows neither utility nor operator: their consoles bring the pages.
"""

from tieline.console.render import Assets, Renderer

__all__ = ["Assets", "Renderer"]
