"""The two kinds as users write them: a document of a CR in, frozen spec dataclasses out.

The way in is ``resources.read_resource`` (one document) and ``references.check_references`` (one
gateway against the groups it names). Both the operator and local mode read CRs only through here.
"""
