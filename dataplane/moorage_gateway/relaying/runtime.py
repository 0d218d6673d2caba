"""What all stories of one gateway process share."""

from collections.abc import Callable
from dataclasses import dataclass

from moorage_gateway.relaying.exchange import Exchanges
from moorage_gateway.reporting.cells import Cells
from moorage_gateway.routing.endpoint_book import EndpointBook
from moorage_gateway.routing.moorings import Moorings
from moorage_gateway.routing.session_ledger import SessionLedger
from moorage_gateway.settings import Limits
from moorage_wire.capsules import CapsuleSealer


@dataclass(frozen=True)
class Runtime:
    """The parts of one process; none of them knows the stories that use it."""

    limits: Limits
    book: EndpointBook
    exchanges: Exchanges
    moorings: Moorings
    ledger: SessionLedger
    sealer: CapsuleSealer
    cells: Cells
    loop_seconds: Callable[[], float]
    """Monotonic seconds."""
    unix_seconds: Callable[[], float]
    """Wall-clock seconds, for what outlives the process: capsules."""
