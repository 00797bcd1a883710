"""Questions to strangers: each is asked once at a time, and a slow answer delays nobody."""

from threading import Event

import pytest

from offchain.operator.polling import Polls

TASK, OTHER = b"task", b"other"


@pytest.fixture
def polls():
    made = Polls(linger=0.05)
    made.next_step()
    return made


def test_ask__answer_that_is_there__comes_at_once(polls):
    polls.linger = 30
    polls.next_step()
    answers = polls.ask({(TASK, "a"): lambda: 1, (TASK, "b"): lambda: 2})
    assert {name[1]: each.result() for name, each in answers.items()} == {"a": 1, "b": 2}


def test_ask__slow_answer__is_asked_once_and_comes_in_a_later_step(polls):
    asked, over = [], Event()

    def slow():
        asked.append(1)
        assert over.wait(30)
        return 7

    for _ in range(3):
        polls.next_step()
        assert polls.ask({(TASK, "slow"): slow}) == {}
    over.set()
    polls.linger = 30
    polls.next_step()
    (answer,) = polls.ask({(TASK, "slow"): slow}).values()
    assert answer.result() == 7
    assert asked == [1]


def test_ask__many_slow_questions__share_the_time_of_a_step(polls):
    """The second is asked when the time is over: it is not waited for, and answered later."""
    over = Event()
    assert polls.ask({(TASK, "slow"): lambda: over.wait(30)}) == {}
    waited = polls._until
    assert polls.ask({(OTHER, "slow"): lambda: over.wait(30)}) == {}
    assert polls._until == waited
    over.set()


def test_ask__question_that_fails__has_its_error_in_the_answer(polls):
    polls.linger = 30
    polls.next_step()

    def fail():
        raise RuntimeError("whatever a library raises")

    (answer,) = polls.ask({(TASK, "bad"): fail}).values()
    with pytest.raises(RuntimeError, match="whatever"):
        answer.result()


def test_keep__tasks_that_are_over__have_no_questions_left(polls):
    over = Event()
    polls.ask({(TASK, "a"): lambda: over.wait(30), (OTHER, "b"): lambda: over.wait(30)})
    polls.keep({OTHER})
    assert [name[0] for name in polls._open] == [OTHER]
    over.set()


def test_ask__no_room_for_a_thread__is_asked_again(polls, monkeypatch):
    """Otherwise its task would wait for an answer for good."""
    question = {(TASK, "a"): lambda: 1}

    def refuse(_):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr("threading.Thread.start", refuse)
        (answer,) = polls.ask(question).values()
        with pytest.raises(RuntimeError, match="can't start"):
            answer.result()
    polls.linger = 30
    polls.next_step()
    (answer,) = polls.ask(question).values()
    assert answer.result() == 1
