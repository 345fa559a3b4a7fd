"""An append-only journal of a study: plans, curves, outcomes, conclusions. Knows nothing of torch."""

from steepest.store.journal import Journal
from steepest.store.opening import open_journal
from steepest.store.records import CurvePoint, Document, MemberPlan, Outcome, Sitting

__all__ = ["CurvePoint", "Document", "Journal", "MemberPlan", "Outcome", "Sitting", "open_journal"]
