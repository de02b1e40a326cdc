"""Indexes as plans handle them: definitions read and written, steps that build, rebuild and drop them."""
