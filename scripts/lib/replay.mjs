// Run transactions again under two hardforks, each on the state that it found. Reads JSON from standard input
// and writes JSON to standard output; scripts/lib/replay.py says what both contain.

import { Hardfork } from '@ethereumjs/common'
import { paramsEVM } from '@ethereumjs/evm'
import { runTx } from '@ethereumjs/vm'
import { open, transaction, UNCHECKED } from './evm.mjs'

const FORKS = { osaka: Hardfork.Osaka, amsterdam: Hardfork.Amsterdam }
// The greatest gas limit of a transaction (EIP-7825).
const GAS_LIMIT = 2n ** 24n

async function replay(hardfork, { world, call }) {
  const opened = await open(hardfork, paramsEVM, world)
  const tx = transaction(opened, call)
  tx.gasLimit = GAS_LIMIT
  tx.gasPrice = 0n
  const intrinsic = tx.getIntrinsicGas()
  const { execResult, totalGasSpent } = await runTx(opened.vm, { tx, block: opened.block, ...UNCHECKED })
  const failure = execResult.exceptionError?.error ?? null
  return { used: Number(totalGasSpent), intrinsic: Number(intrinsic), failure }
}

const chunks = []
for await (const chunk of process.stdin) chunks.push(chunk)
const answers = []
for (const request of JSON.parse(Buffer.concat(chunks).toString())) {
  const answer = {}
  for (const [name, hardfork] of Object.entries(FORKS)) answer[name] = await replay(hardfork, request)
  answers.push(answer)
}
process.stdout.write(JSON.stringify(answers))
