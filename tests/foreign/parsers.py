"""All parsers of strangers' bytes, by the names that a campaign has for them."""

from tests.foreign import documents, enclave, evidence, sealed
from tests.foreign.parser import Parser

PARSERS: dict[str, Parser] = {
    **evidence.PARSERS,
    **documents.PARSERS,
    **sealed.PARSERS,
    **enclave.PARSERS,
}
