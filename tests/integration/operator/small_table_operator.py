"""The operator, for which a table is too large beyond 8 KiB: else it is as it is."""

import sys

from moorage_operator.__main__ import main
from moorage_operator.planning import table_document

if __name__ == "__main__":
    table_document.MAX_TABLE_BYTES = 8 * 1024
    sys.exit(main())
