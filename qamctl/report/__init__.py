"""Pictures of what a run found: SVG by hand, which needs no package and can be read anywhere."""
