// Checks of results against the Merkle root in a report: docs/SPEC.md, "Results" and "Hashes".

const { keccak_256: keccak } = window;

function bytesOf(hex) {
  return Uint8Array.from(hex.slice(2).match(/../g) ?? [], (each) => parseInt(each, 16));
}

/** Return the digest of a tag and of words: hex of up to 32 bytes, or whole numbers. */
function tagged(name, ...words) {
  const hex = words.map((word) =>
    (typeof word === "string" && word.startsWith("0x") ? word.slice(2) : BigInt(word).toString(16))
      .toLowerCase()
      .padStart(64, "0"),
  );
  return "0x" + keccak(bytesOf(`0x${keccak(`GoldenGrain/${name}`)}${hex.join("")}`));
}

/** Return the leaf that the market stores of a submission that was revealed. */
function leafOf(taskId, entry) {
  const payload = tagged("PAYLOAD", entry.model, entry.artifact, entry.keyring);
  const who = [taskId, entry.index, entry.developer, entry.envelope];
  return tagged("LEAF", ...who, entry.min_price, payload);
}

function parentOf(one, other) {
  const [low, high] = one < other ? [one, other] : [other, one];
  return "0x" + keccak(bytesOf(low + high.slice(2)));
}

/** Return true if a published result is that of this submission, and its proof leads to the root. */
function isProved(taskId, entry, root) {
  const { result } = entry;
  if (result.leaf !== leafOf(taskId, entry)) return false;
  const reason = "0x" + keccak(result.reason ?? "");
  let node = tagged("RESULT", result.salt, result.leaf, result.score ?? 0, reason);
  for (const sibling of result.proof) node = parentOf(node, sibling);
  return node === root;
}
