"""From samples to JSON, a Markdown table and pictures."""
