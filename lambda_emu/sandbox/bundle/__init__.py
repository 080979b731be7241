"""Bundles: images in one file, for machines without a way out. Knows no engine. docs/decisions/bundle.md."""
