"""Tests of the mends: each shows moto as it came, and mended."""
