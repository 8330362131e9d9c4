"""Failures of taking over what was found on the disk, beside the tree of `core/errors.py`.

VenomError
├── NotFound (404)                UnknownFind, FindGone
├── Conflict (409)                CannotMove (OwnedByOllama), LinkAcrossDisks, LinkRefused,
│                                 CannotUndo (OnlyCopyLeft, PlaceTaken)
└── Damaged (500)                 ChangedMeanwhile
"""

from venom_desktop.core.errors import Conflict, Damaged, NotFound


class UnknownFind(NotFound):
    reason_code = "UNKNOWN_FIND"
    sentence = "Nothing that was found on this computer has the id {found_id} now. Look for models again."


class FindGone(NotFound):
    reason_code = "FIND_GONE"
    sentence = "{path} is no longer there. Look for models again."


class LinkAcrossDisks(Conflict):
    reason_code = "LINK_ACROSS_DISKS"
    sentence = "The file is on another disk than the models folder, and a hard link stays on its disk. Copy or move it."


class LinkRefused(Conflict):
    reason_code = "LINK_REFUSED"
    sentence = "No hard link can be made here ({problem}). Copy the file, or use it in place."


class CannotMove(Conflict):
    reason_code = "CANNOT_MOVE"
    sentence = "{folder} may not be changed from here, so nothing can be moved out of it. Copy the file instead."


class OwnedByOllama(CannotMove):
    reason_code = "OWNED_BY_OLLAMA"
    sentence = "Ollama would miss this file in its store. Use it in place, link or copy it."


class CannotUndo(Conflict):
    reason_code = "CANNOT_UNDO"
    sentence = "{model_name} is no longer as it was imported, so the import cannot be undone. Remove the model instead."


class OnlyCopyLeft(CannotUndo):
    reason_code = "ONLY_COPY_LEFT"
    sentence = "{model_name} stays: what it was imported from is gone or has changed, so this is the only copy left."


class PlaceTaken(CannotUndo):
    reason_code = "PLACE_TAKEN"
    sentence = "{path} is taken by another file now, so {model_name} cannot go back there. Move that file away first."


class ChangedMeanwhile(Damaged):
    reason_code = "CHANGED_MEANWHILE"
    sentence = "{file_name} was changed while it was imported. Nothing was taken over. Look for models again."
