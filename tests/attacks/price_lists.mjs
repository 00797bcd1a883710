// Run transactions at many gas limits, under several price lists. Answers each line of JSON on standard
// input with one on standard output; tests/attacks/gas_limits.py says what both contain.

import { createInterface } from 'node:readline'
import { Hardfork } from '@ethereumjs/common'
import { paramsEVM } from '@ethereumjs/evm'
import { bytesToHex } from '@ethereumjs/util'
import { runTx } from '@ethereumjs/vm'
import { open, transaction, UNCHECKED } from '../../scripts/lib/evm.mjs'
// Not exported by its package.
import { Interpreter } from '../../node_modules/@ethereumjs/evm/dist/esm/interpreter.js'

// Prices of storage, calls and logs that the third list multiplies by ten. The sentry of SSTORE and the
// stipend of CALL are no prices, but the sentry can only do harm, so it rises with them.
const RAISED = new Set([
  'coldsloadGas', 'warmstoragereadGas', 'coldaccountaccessGas', 'tstoreGas', 'tloadGas',
  'sstoreInitEIP2200Gas', 'sstoreCleanEIP2200Gas', 'sstoreNoopEIP2200Gas', 'sstoreDirtyEIP2200Gas',
  'sstoreInitRefundEIP2200Gas', 'sstoreCleanRefundEIP2200Gas', 'sstoreClearRefundEIP2200Gas',
  'sstoreSentryEIP2200Gas', 'callValueTransferGas', 'callNewAccountGas', 'selfbalanceGas',
  'logGas', 'logDataGas', 'logTopicGas',
])

const NEW_STORAGE = new Set(['sstoreInitEIP2200Gas', 'sstoreInitRefundEIP2200Gas'])

function raised(times, names = RAISED) {
  const params = structuredClone(paramsEVM)
  for (const prices of Object.values(params)) {
    for (const name of Object.keys(prices)) if (names.has(name)) prices[name] *= times
  }
  return params
}

const LISTS = {
  osaka: [Hardfork.Osaka, paramsEVM],
  amsterdam: [Hardfork.Amsterdam, paramsEVM],
  'osaka times ten': [Hardfork.Osaka, raised(10)],
  'new storage times hundred': [Hardfork.Osaka, raised(100, NEW_STORAGE)],
}

// The interpreter looks for jump destinations anew in every call: a third of the time.
const destinations = new WeakMap()
const find = Interpreter.prototype._getValidJumpDestinations
Interpreter.prototype._getValidJumpDestinations = function (code) {
  if (!destinations.has(code)) destinations.set(code, find.call(this, code))
  return destinations.get(code)
}

// 'reverts', or what the events say that became of the payments: 'pays', 'credits' or 'both'.
async function run({ vm, block, tx }, call, gasLimit, simulated) {
  tx.gasLimit = gasLimit
  tx.gasPrice = simulated ? 0n : 1n
  const state = vm.stateManager
  await state.checkpoint()
  try {
    const { execResult, totalGasSpent } = await runTx(vm, { tx, block, ...UNCHECKED })
    if (execResult.exceptionError !== undefined) return ['reverts', totalGasSpent]
    const logs = execResult.logs ?? []
    const credits = logs.filter(
      ([from, topics]) =>
        bytesToHex(from) === call.to?.toLowerCase() &&
        bytesToHex(topics[0]) === call.credited &&
        bytesToHex(topics[2]).slice(26) === call.sender.toLowerCase().slice(2),
    ).length
    const outcome = credits === 0 ? 'pays' : credits === call.payments ? 'credits' : 'both'
    return [outcome, totalGasSpent]
  } catch (error) {
    // Below its intrinsic gas a transaction is not even valid.
    if (/gas limit is too low|intrinsic|gasLimit/i.test(error.message)) return ['reverts', 0n]
    throw error
  } finally {
    await state.revert()
    state.originalStorageCache.clear()
  }
}

// The smallest gas limit with which the call does not revert; null if it always does. Where receiver and
// token make no difference, it is the one that was found last.
let last = 1n
async function limit(world, call, simulated) {
  const reverts = async (gas) => (await run(world, call, gas, simulated))[0] === 'reverts'
  if ((await reverts(last - 1n)) && !(await reverts(last))) return last
  let low = 0n
  let high = BigInt(call.most)
  if (await reverts(high)) return null
  while (high - low > 1n) {
    const middle = (low + high) / 2n
    if (await reverts(middle)) low = middle
    else high = middle
  }
  last = high
  return high
}

async function measure({ list, world, call, step, simulated }) {
  const [hardfork, params] = LISTS[list]
  const opened = await open(hardfork, params, world)
  opened.tx = transaction(opened, call)
  const least = await limit(opened, call, simulated)
  if (least === null) return { limit: null, outcomes: [], used: null }
  const outcomes = []
  const note = async (gas) => {
    const [outcome] = await run(opened, call, gas, false)
    if (outcomes.at(-1)?.[1] !== outcome) outcomes.push([Number(gas), outcome])
  }
  if (step > 0) {
    for (let gas = 0n; gas <= 2n * least; gas += BigInt(step)) await note(gas)
  } else {
    for (const gas of [least / 2n, least - 1n, least, 2n * least]) await note(gas)
  }
  const [, used] = await run(opened, call, 2n * least, false)
  return { limit: Number(least), outcomes, used: Number(used) }
}

for await (const line of createInterface({ input: process.stdin })) {
  const answers = []
  for (const request of JSON.parse(line)) answers.push(await measure(request))
  process.stdout.write(JSON.stringify(answers) + '\n')
}
