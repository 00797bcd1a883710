"""Untrusted ONNX models: static checks decide results, a confined child process runs the model.

=================  =================================================================================
``protobuf_size``  memory that a protobuf parser would allocate, counted before one parses
``ops``            ONNX ops that are allowed
``attributes``     ranges of a node's attributes
``tensors``        types of values
``shapes``         type and shape of what a node makes; ``classical`` has rules that ONNX lacks
``folding``        small constants, followed through shape arithmetic
``costs``          work of a node, and its memory beside its values
``graph``          all of these, node by node
``static``         all static checks of a model's bytes: the plan of its run, or a refusal
``runtime``        onnxruntime on one thread
``sandbox``        memory and CPU limits, no files, no network
``pipe``           messages between parent and child
``child``          the program of the child process: confine, check, run
``runner``         the parent's side: one fresh child for each model, killed at its deadline
=================  =================================================================================

This file imports nothing: the child starts once for every model and loads only what it needs.
"""
