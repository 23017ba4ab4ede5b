"""Tests of the spool's files."""
