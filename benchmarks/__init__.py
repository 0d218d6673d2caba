"""What Moorage costs beside other proxies: ``python -m benchmarks SCENARIO`` (see README.md)."""
