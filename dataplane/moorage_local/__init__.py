"""Moorage at a desk: ``moorage up FILE…`` and ``moorage check FILE…``, the same CRs, no cluster."""
