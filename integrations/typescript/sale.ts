// SPDX-License-Identifier: MIT
// A whole sale with viem: create a task, enter a model, claim the award. See docs/INTEGRATING.md.
//
//     node sale.js URL MARKET TASK MODEL
//
// TASK and MODEL are JSON files: the terms of a task, whose `provider` is an account of the node; and a model that
// `developer`, another account of the node, has prepared. Bytes are hex, integers are strings.
import { readFileSync } from "node:fs";
import {
  type AbiParameterToPrimitiveType,
  type Address,
  type Hex,
  createPublicClient,
  createWalletClient,
  encodeAbiParameters,
  getAddress,
  hashTypedData,
  http,
  keccak256,
  parseAbiParameters,
  toBytes,
} from "viem";
import { eip712, modelMarketAbi } from "../../interfaces/abi.js";

type CreateTask = Extract<(typeof modelMarketAbi)[number], { name: "create_task" }>;
type Task = AbiParameterToPrimitiveType<CreateTask["inputs"][0]>;

interface Model {
  developer: Address;
  submission: { model_digest: Hex; artifact_digest: Hex; envelope_digest: Hex; min_price: bigint };
  keyring_digest: Hex;
  salt: Hex;
  uri: string;
  envelope: Hex;
}

const REPORTED = 3n, DISPUTED = 4n; // stages

/** H(NAME, …) of docs/SPEC.md. */
function tagged(name: string, types: string, values: readonly unknown[]): Hex {
  const tag = keccak256(toBytes(`GoldenGrain/${name}`));
  return keccak256(encodeAbiParameters(parseAbiParameters(`bytes32, ${types}`), [tag, ...values]));
}

/** Read a JSON file; integers are written as strings. */
function read<T>(path: string): T {
  const revive = (_: string, value: unknown) =>
    typeof value === "string" && /^\d+$/.test(value) ? BigInt(value) : value;
  return JSON.parse(readFileSync(path, "utf8"), revive);
}

export async function sell(url: string, market: Address, task: Task, model: Model): Promise<bigint> {
  const transport = http(url);
  const node = createPublicClient({ transport, pollingInterval: 100 });
  const wallet = createWalletClient({ transport }); // the accounts are the node's: put your own here
  const chainId = BigInt(await node.getChainId());
  const contract = { address: market, abi: modelMarketAbi } as const;

  /** Wait for a transaction; fail if it reverted. */
  async function mined(hash: Promise<Hex>) {
    const receipt = await node.waitForTransactionReceipt({ hash: await hash });
    if (receipt.status !== "success") throw new Error(`${receipt.transactionHash} reverted`);
    return receipt;
  }

  /** Wait until a condition on stage and time of the task holds. */
  async function until(holds: (stage: bigint, now: bigint, timeA: bigint) => boolean) {
    for (;;) {
      const { timestamp } = await node.getBlock();
      const { stage, time_a } = await node.readContract({
        ...contract, functionName: "progress", args: [taskId],
      });
      if (holds(stage, timestamp, time_a)) return;
      await new Promise((done) => setTimeout(done, 100));
    }
  }

  // ── The provider ──

  const domain = { ...eip712.domain, chainId, verifyingContract: market };
  const taskId = hashTypedData({
    domain, types: eip712.types, primaryType: "Task", message: { report_terms: task, other_terms: task }, // its two parts
  });
  const asProvider = { account: task.provider, chain: null };
  await mined(wallet.writeContract({
    ...contract, ...asProvider, functionName: "create_task", args: [task, "https://tasks.example/"],
    value: task.budget + task.benchmark_fee,
  }));

  // ── The developer ──

  const { submission, developer } = model;
  const asDeveloper = { account: developer, chain: null };
  const { model_digest, artifact_digest, envelope_digest, min_price } = submission;
  const digest = tagged("SUBMISSION", "bytes32, bytes32, bytes32, uint256",
    [model_digest, artifact_digest, envelope_digest, min_price]);
  const commitment = tagged("COMMIT", "uint256, address, bytes32, address, bytes32, bytes32",
    [chainId, market, taskId, developer, digest, model.salt]);
  await mined(wallet.writeContract({
    ...contract, ...asDeveloper, functionName: "commit_model", args: [taskId, commitment],
    value: task.commit_bond + task.entry_fee,
  }));
  const [committed] = await node.getContractEvents({
    ...contract, eventName: "ModelCommitted", args: { task_id: taskId, developer }, fromBlock: 0n, strict: true,
  });
  const { index } = committed.args;

  await until((_, now) => now >= task.commit_deadline);
  await mined(wallet.writeContract({
    ...contract, ...asDeveloper, functionName: "reveal_model",
    args: [taskId, index, submission, model.keyring_digest, model.salt, model.uri],
  }));

  await until((_, now) => now >= task.reveal_deadline);
  await mined(wallet.writeContract({
    ...contract, ...asDeveloper, functionName: "close_reveals", args: [taskId],
  }));

  // ── The enclaves report; if nobody disputes it, claims open after the dispute window ──

  await until((stage, now, timeA) => {
    if (stage === DISPUTED) throw new Error("disputed: wait for DisputeResolved or DisputeExpired");
    return stage === REPORTED && now >= timeA;
  });
  const filter = { ...contract, args: { task_id: taskId }, fromBlock: 0n, strict: true } as const;
  const [posted] = await node.getContractEvents({ ...filter, eventName: "ReportPosted" });
  const [closed] = await node.getContractEvents({ ...filter, eventName: "RevealsClosed" });
  const { inventory, results, choices, payouts, signers } = posted.args;
  const word = (four: readonly bigint[]) => // the first lowest
    four.reduce((sum, payout, at) => sum | ((payout >> 128n) << BigInt(64 * at)), 0n);
  const awards = [word(payouts.slice(0, 4)), word(payouts.slice(4))] as const;
  const report = { task_id: taskId, round: 0n, seed: closed.args.seed, inventory, results, choices, awards };
  const reportDigest = hashTypedData({
    domain, types: eip712.types, primaryType: "Report", message: report,
  });
  const listed = encodeAbiParameters(
    parseAbiParameters("(address signing_key, address operator, bytes32 platform)[]"), [[...signers]]);
  const signed = tagged("SIGNED", "bytes32, bytes32", [reportDigest, keccak256(listed)]);

  const award = payouts.findIndex((payout) => ((payout >> 128n) & 0xffffffffn) === index);
  if (award < 0) throw new Error(`submission ${index} has no award`);
  const payload = tagged("PAYLOAD", "bytes32, bytes32, bytes32",
    [model_digest, artifact_digest, model.keyring_digest]);
  const args = [
    taskId, BigInt(award), task.token, payouts, signed, min_price, payload, model.envelope,
  ] as const;
  // Simulate first: the calldata of a claim that reverts is as public as that of one that pays.
  const { request } = await node.simulateContract({
    ...contract, account: developer, functionName: "claim_award", args,
  });
  await mined(wallet.writeContract({ ...request, chain: null }));
  const [claimed] = await node.getContractEvents({
    ...filter, eventName: "AwardClaimed", args: { task_id: taskId, developer },
  });
  return claimed.args.price;
}

const [url, market, task, model] = process.argv.slice(2);
console.log(String(await sell(url, getAddress(market), read(task), read(model))));
