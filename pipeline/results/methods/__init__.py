"""The methods section of a study from its database: a paragraph, a datasheet, and the losses with their reasons."""

from pipeline.results.methods.document import Difference, Methods, differences, methods

__all__ = ["Difference", "Methods", "differences", "methods"]
