"""Tools of the guardian: the owner of the registry and of the policy.

===========  =======================================================================================
``acts``     what the guardian can do, as calls with words for people
``effects``  the enclaves and tasks that a revocation concerns, by the chain
``safe``     calls as a file for a Safe, whose owners decide together
===========  =======================================================================================
"""
