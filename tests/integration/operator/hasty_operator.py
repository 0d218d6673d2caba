"""The operator, which looks after the report channel's certificate every half second."""

import sys

from moorage_operator.__main__ import main
from moorage_operator.running import channel_keeper

if __name__ == "__main__":
    channel_keeper.LOOK_SECONDS = 0.5
    sys.exit(main())
