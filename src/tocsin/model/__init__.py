"""The mechanistic model: equations as text, parameters with their provenance, compiled kernels, virtual patients."""
