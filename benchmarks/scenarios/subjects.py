"""Which proxies a scenario measures."""

from collections.abc import Callable, Sequence
from functools import partial

from benchmarks.proxies.moorage import Moorage
from benchmarks.proxies.proxy import Proxy
from benchmarks.rig.environments import gateway_python
from benchmarks.rig.rounds import Figures, Subject
from benchmarks.scenarios.settings import Settings


def gateways(settings: Settings) -> list[Proxy]:
    """The gateway on each interpreter."""
    return [Moorage(each.label, gateway_python(each.path)) for each in settings.interpreters]


def subjects(
    settings: Settings, proxies: Sequence[Proxy], measure: Callable[[Proxy], Figures]
) -> list[Subject]:
    """Those that were asked for, installed."""
    chosen = [proxy for proxy in proxies if settings.wants(proxy.name)]
    for proxy in chosen:
        proxy.install()
    return [Subject(proxy.name, partial(measure, proxy)) for proxy in chosen]
