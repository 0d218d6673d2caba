"""Real servers and network parts that the tests run the gateway against."""
