"""Where the operator's leader is (pure)."""

from urllib.parse import urlsplit, urlunsplit


def leader_url(url: str, leader: str) -> str:
    """``url`` at the ``host:port`` that another replica named, unchanged where it named none.

    Raises ValueError if that is no ``host:port``. It need not be trusted: whoever answers there
    must prove the operator's name by its certificate before the token is sent.
    """
    if not leader:
        return url
    parts = urlsplit(url)
    at = urlsplit(f"//{leader}")
    odd = at.netloc != leader or at.username is not None or not leader.isprintable()
    if odd or " " in leader or at.hostname is None or at.port is None:
        raise ValueError("the operator named a leader that is no host:port")
    return urlunsplit(parts._replace(netloc=leader))
