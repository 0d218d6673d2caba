"""``spec.source.external`` of an McpUpstreamGroup: servers that run anywhere, by URL."""

from dataclasses import dataclass

from moorage_contract.route_table import Transport
from moorage_operator.api import bounds
from moorage_operator.api.transports import TRANSPORTS
from moorage_operator.api.unique import refuse_repeated
from moorage_operator.api.value import Value
from moorage_operator.api.web_rules import endpoint_url


@dataclass(frozen=True)
class ExternalSource:
    """The URLs of the group's endpoints, each the address of one instance."""

    urls: tuple[str, ...]
    transport: Transport = TRANSPORTS[0]


def read_external(value: Value) -> ExternalSource:
    """The endpoints as written; their URLs differ."""
    with value.members() as external:
        endpoints = external.items("endpoints", bounds.EXTERNAL_ENDPOINTS)
        places = [_url_of(endpoint) for endpoint in endpoints]
        urls = tuple(place.text(endpoint_url) for place in places)
        refuse_repeated(places, urls)
        return ExternalSource(urls, external.choice("transport", TRANSPORTS))


def _url_of(value: Value) -> Value:
    with value.members() as endpoint:
        return endpoint.required("url", 'write "- {url: http://…}"')
