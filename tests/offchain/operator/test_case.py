"""A provider's documents of a task: wrong ones are not kept, right ones are."""

import pytest

from offchain.operator.case import ProviderFiles
from offchain.operator.polling import Polls
from offchain.storage.publications import PublicationFolder, TaskDocuments
from tests.offchain.market import enclaves, make_manifest, make_task
from tests.vectors.generate import word

TASK_ID = word("task")


@pytest.fixture
def files(tmp_path):
    made = ProviderFiles(TASK_ID, PublicationFolder(str(tmp_path)), Polls(30))
    made.polls.next_step()
    return made


def test_documents__wrong_at_first__are_read_again_until_they_are_right(files):
    roster = tuple(each.identity for each in enclaves())
    right, wrong = (make_manifest(word(each)) for each in ("test set", "another"))
    task = make_task(roster, right)
    assert files.documents(task) is None
    files.folder.put_documents(TASK_ID, TaskDocuments(wrong, roster))
    with pytest.raises(ValueError, match="manifest 0x"):
        files.documents(task)
    files.folder.put_documents(TASK_ID, TaskDocuments(right, roster))
    assert files.documents(task).manifest == right
    files.folder.put_documents(TASK_ID, TaskDocuments(wrong, roster))
    assert files.documents(task).manifest == right
