"""The commands of ``lensctl``: each module here is one, its attribute ``command`` a click command."""
