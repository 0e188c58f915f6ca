"""The explorer in a notebook: the page in a frame, without a server."""

from dataclasses import dataclass
from html import escape

from npsr.networks.network import Network

HEIGHT = 800


@dataclass(frozen=True)
class Explorer:
    """A page that Jupyter shows as a frame.

    Attributes
    ----------
    page : str
        The whole page in HTML, also to be written into a file.
    """

    page: str

    def _repr_html_(self) -> str:
        frame = f'width="100%" height="{HEIGHT}" style="border:0" title="npsr explorer"'
        return f'<iframe srcdoc="{escape(self.page, quote=True)}" {frame}></iframe>'


def explore(net: Network) -> Explorer:
    """Open a network on the table.

    Parameters
    ----------
    net : Network
        Any network of the paper, trained or not; shown with border "replicate", as models upscale.

    Returns
    -------
    Explorer
        Shown by a notebook as a page in a frame; its `page` is the HTML.

    Raises
    ------
    ValueError
        If its parameters are not finite.

    Examples
    --------
    >>> page = npsr.explore(npsr.load("fsrcnn-s", 3)).page
    >>> page.startswith("<!doctype html>")
    True
    """
    from npsr.explorer.page import html

    return Explorer(html([(net.name, net.with_border("replicate"))]))
