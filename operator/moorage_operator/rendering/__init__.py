"""From what a plan wants to the manifests that say it; no clock, no network."""
