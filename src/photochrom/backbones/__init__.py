"""Encoder bodies with public weight-file key names, and the networks that judge photos."""
