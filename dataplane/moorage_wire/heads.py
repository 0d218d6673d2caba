"""Strict HTTP head checks, and what of a head is forwarded. One import for the rooms above.

What becomes of which header stands in ``header_rules.py``.
"""

from moorage_wire.answer_head import AnswerHead, read_answer_head
from moorage_wire.head_refusal import HEAD_REASON_STATUSES, HeadReason, HeadRefusal
from moorage_wire.request_head import RequestHead, read_head
from moorage_wire.request_target import read_target

__all__ = [
    "HEAD_REASON_STATUSES",
    "AnswerHead",
    "HeadReason",
    "HeadRefusal",
    "RequestHead",
    "read_answer_head",
    "read_head",
    "read_target",
]
