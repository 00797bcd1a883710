"""The reasons why a submission has no score, in full: what happened, and what its developer can do.

The reasons themselves are words of results files (`offchain.protocol.errors`).
"""

from offchain.protocol.errors import ModelFault, SubmissionFault

IN_FULL: dict[ModelFault | SubmissionFault, str] = {
    ModelFault.UNREADABLE: "The file is not a valid ONNX model. Load it with onnx.load and "
    "check it with onnx.checker before you sell it.",
    ModelFault.TOO_LARGE: "The file has more bytes, messages or nodes than the task allows. Fewer "
    "nodes or float16 weights make it smaller.",
    ModelFault.EXTERNAL_DATA: "A tensor is stored outside of the file. Save the model in one file: "
    "torch.onnx.export(…, external_data=False), or onnx.save of the loaded model.",
    ModelFault.UNSUPPORTED_OP: "It uses an op, a domain, an opset or a construct that enclaves do "
    "not run. docs/MODELS.md lists those that they run; export for inference with another opset.",
    ModelFault.INPUT: "Its input has not the shape and type of the task with a free batch "
    "dimension. Export it with the task's type and shape.",
    ModelFault.OUTPUT: "It has no output of the shape and type of the task. Export probabilities "
    "where the task asks for them.",
    ModelFault.SHAPE: "A shape in it depends on values, so that its memory cannot be bounded.",
    ModelFault.MEMORY: "It needs more memory than the task allows: fewer values at a time.",
    ModelFault.WORK: "It needs more operations than the task allows: a smaller model.",
    ModelFault.RUNTIME: "The runtime refuses it, or it fails on valid input.",
    ModelFault.NOT_FINITE: "A prediction is NaN or infinite. Scale the inputs inside of the model, "
    "and impute missing values.",
    ModelFault.NOT_PROBABILITIES: "A row of its output is no distribution over the classes. End it "
    "with a softmax or a sigmoid.",
    ModelFault.UNKNOWN_LABEL: "It predicts a label that is none of the task's classes.",
    SubmissionFault.NOT_IN_INVENTORY: "The provider did not have its files when it released the "
    "test set. Were artifact and keyring at the revealed URI, for everybody, until the report? No "
    "dispute helps: a panel measures the same inventory.",
    SubmissionFault.KEYRING: "The keyring does not seal the model's key to every enclave of the "
    "roster.",
    SubmissionFault.ENVELOPE: "The delivery envelope that was committed is not the one that "
    "follows from the model's key and the provider's delivery key.",
    SubmissionFault.ARTIFACT: "The model's key does not decrypt the artifact.",
    SubmissionFault.MODEL_DIGEST: "The decrypted file is not the one that was committed.",
    SubmissionFault.DUPLICATE: "An earlier submission that has a score has the same model, "
    "artifact or envelope.",
    SubmissionFault.UNSTABLE: "Its score moves by more than the tolerance between two runs that "
    "compute the same in another order. Predictions that lie on a threshold do this.",
}
"""For each reason, what it says and what can be done. `golden-grain check` finds those of the model
before it is sold."""
