"""``attestation show``: the fields of a quote, unverified."""

import argparse
from dataclasses import fields

from offchain.attestation.programs import program_id
from offchain.attestation.x509 import load_chain
from offchain.cli.attestation.inputs import add_quote, quote_of
from offchain.cli.attestation.output import Pairs, add_json


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_quote(parser)
    add_json(parser)


def show(arguments: argparse.Namespace) -> Pairs:
    """Yield the fields of a quote, unverified."""
    parsed = quote_of(arguments.quote)
    yield "version", parsed.version
    yield "tee", parsed.tee_type.name
    for field in fields(parsed.body):
        if not field.name.startswith("reserved"):
            yield field.name, getattr(parsed.body, field.name)
    yield "debug", parsed.body.debug
    yield "qe_mr_signer", parsed.qe_report.mr_signer
    yield "qe_isv_svn", parsed.qe_report.isv_svn
    for certificate in load_chain(parsed.pck_chain):
        subject = certificate.subject.rfc4514_string()
        yield "certificate", f"{subject}, until {certificate.not_valid_after_utc}"
    yield "program", program_id(parsed.body)
