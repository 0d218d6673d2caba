"""The version of the product, written once: of the package, its images and its chart."""

VERSION = "0.1.0"
