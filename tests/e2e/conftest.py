"""One installation for all end-to-end tests."""

from collections.abc import Iterator

import pytest

from e2e.installation import installed


@pytest.fixture(scope="session")
def product() -> Iterator[None]:
    """The operator, installed by Helm in cluster mode with two replicas."""
    with installed():
        yield
