"""Joblib's workers: local threads, or a Dask cluster.

Workers decrypt models and see the sample. They must therefore run inside a TEE, as a part of the
measured program.
"""

import argparse
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from joblib import parallel_config

if TYPE_CHECKING:
    from distributed import Security

Parallel = Callable[[], AbstractContextManager[object]]
"""A function that returns the context of a measurement, entered in the thread that measures."""


def add_cluster_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``--scheduler`` and its TLS options."""
    parser.add_argument("--scheduler", help="address of a Dask scheduler, such as tls://host:8786")
    for part in ("ca-file", "cert", "key"):
        parser.add_argument(f"--tls-{part}", help="PEM file for a scheduler with tls://")


@contextmanager
def parallel_of(arguments: argparse.Namespace) -> Iterator[Parallel]:
    """Yield local threads, or the cluster of the arguments, for the life of the context.

    Raises:
        OSError: the scheduler does not answer.
        ValueError: this image lacks the extra that a cluster needs, or TLS has no certificates.
    """
    if arguments.scheduler is None:
        yield nullcontext
        return
    if arguments.scheduler.startswith("tls://") and arguments.tls_ca_file is None:
        raise ValueError(
            f"--scheduler {arguments.scheduler} without --tls-ca-file, expected it with --tls-cert "
            "and --tls-key"
        )
    try:
        from distributed import Client
    except ImportError as error:  # an extra, which most images lack
        raise ValueError(
            "--scheduler needs the package distributed, expected an image with the extra dask"
        ) from error
    with Client(arguments.scheduler, security=_security(arguments)) as client:  # type: ignore[no-untyped-call]
        yield lambda: parallel_config(backend="dask", client=client)


def _security(arguments: argparse.Namespace) -> "Security | None":
    from distributed import Security

    if arguments.tls_ca_file is None:
        return None
    return Security(  # type: ignore[no-untyped-call]
        tls_ca_file=arguments.tls_ca_file,
        tls_client_cert=arguments.tls_cert,
        tls_client_key=arguments.tls_key,
        require_encryption=True,
    )
