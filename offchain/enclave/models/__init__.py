"""Untrusted ONNX models: static checks decide results, a sandboxed child process runs the model.

=================  =================================================================================
``protobuf_size``  memory that a protobuf parser would allocate, counted before one parses
``ops``            allow-list of ONNX ops
``attributes``     ranges of a node's attributes
``tensors``        types of values
``shapes``         types and shapes of a node's outputs; ``classical`` has rules that ONNX lacks
``folding``        constant folding of shape arithmetic
``costs``          work of a node, and its memory beside its values
``graph``          shape, memory and work of every value, node by node
``static``         all static checks of a model's bytes: the plan of its run, or a refusal
``runtime``        onnxruntime on one thread
``sandbox``        memory and CPU limits, no files, no network
``pipe``           messages between parent and child
``child``          the program of the child process: confine, check, run
``zygote``         a confined process with all libraries loaded, which forks the children
``processes``      the zygote, children and shared memory as their parent has them
``runner``         the parent's side of a run: a fresh child for each model, killed at its deadline
=================  =================================================================================
"""
