"""What a study needs to go on: the same data, the same steepest, and what it was asked for."""

import steepest
from steepest.base.errors import BadInput, StoreError
from steepest.experiment.study import Study


def check_same_data(study: Study) -> None:
    """Refuse to go on with other data, or with another steepest, than the study was begun with.

    Raises:
        BadInput: other data; both fingerprints are named.
        StoreError: another steepest; both versions are named.
    """
    known = study.journal.document("study")
    if known is None:
        return
    begun = known.body["versions"]["steepest"]
    if begun != steepest.__version__:
        raise StoreError(
            f"{study.journal.place} was begun by steepest {begun}, and this is {steepest.__version__}, "
            f"which may decide otherwise. Install steepest=={begun} to go on, or begin a new study."
        )
    if known.body["fingerprint"] != study.data.fingerprint:
        raise BadInput(
            "data",
            f"must be those that the study was begun with, {known.body['data']} with the fingerprint "
            f"{known.body['fingerprint']}",
            f"{study.data.name} with the fingerprint {study.data.fingerprint}",
            "Give the data as they were then, or begin a new study in another folder.",
        )
