"""Which images and which chart the end-to-end tests install; overridable by environment."""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CHART = REPOSITORY / "charts" / "moorage"
GATEWAY_IMAGE = os.environ.get("MOORAGE_GATEWAY_IMAGE", "moorage/gateway:dev")
OPERATOR_IMAGE = os.environ.get("MOORAGE_OPERATOR_IMAGE", "moorage/operator:dev")
SERVERS_IMAGE = os.environ.get("MOORAGE_TEST_SERVERS_IMAGE", "moorage/test-servers:dev")
SYSTEM_NAMESPACE = "moorage-system"
