"""The yardstick: plain onnxruntime in a process of its own, on one thread.

    python -m scripts.lib.bench.plain FILE KIND ROWS

For each line with a number of rows, a batch size and a level it loads the model anew, runs it, and
prints the seconds of CPU time for both.
"""

import os
import sys
import time
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions

from scripts.lib.bench.kinds import KINDS


def answer(file: str, kind: str, most: str) -> None:
    """Answer each line of standard input."""
    model, samples = Path(file).read_bytes(), KINDS[kind].samples(int(most))
    for line in sys.stdin:
        rows, batch, level = line.split()
        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.graph_optimization_level = getattr(GraphOptimizationLevel, level)
        start = time.process_time()
        session = InferenceSession(model, options, providers=["CPUExecutionProvider"])
        output = session.get_outputs()[-1].name
        for first in range(0, int(rows), int(batch)):
            last = min(first + int(batch), int(rows))
            session.run([output], {session.get_inputs()[0].name: samples[first:last]})
        print(time.process_time() - start, flush=True)


if __name__ == "__main__":
    answer(*sys.argv[1:])
