"""Views of a market for anybody.

===========  =======================================================================
``listing``  tasks, with what their providers publish of them
``status``   a task's stage, who can do what with it now and until when, what it paid
``scores``   the results of a report, found through its signers and proved against it
===========  =======================================================================
"""
