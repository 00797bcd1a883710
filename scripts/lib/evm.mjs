// A VM of @ethereumjs with a state that comes as JSON, for `make gas` and the tests of gas limits.
//
// A world has `number` and `timestamp` of the block and `accounts`: balance, code and storage by address, numbers
// in decimal or hexadecimal digits. It may have the id of the `chain` (1 without it), and `hashes` of earlier
// blocks by number.

import { createBlock } from '@ethereumjs/block'
import { Common, Mainnet } from '@ethereumjs/common'
import { createEVM } from '@ethereumjs/evm'
import { SimpleStateManager } from '@ethereumjs/statemanager'
import { createLegacyTx } from '@ethereumjs/tx'
import { Account, createAddressFromString, hexToBytes } from '@ethereumjs/util'
import { createVM } from '@ethereumjs/vm'

// Options of `runTx`: the transactions are unsigned.
export const UNCHECKED = {
  skipNonce: true, skipBlockGasLimitValidation: true, skipHardForkValidation: true,
}

const UNKNOWN = `0x${'00'.repeat(32)}`

const storageKey = (slot) => hexToBytes(`0x${BigInt(slot).toString(16).padStart(64, '0')}`)

function shortest(word) {
  const digits = BigInt(word).toString(16)
  return hexToBytes(`0x${digits.length % 2 ? '0' : ''}${digits}`)
}

export async function open(hardfork, params, world) {
  const common = new Common({ chain: { ...Mainnet, chainId: world.chain ?? 1 }, hardfork })
  const stateManager = new SimpleStateManager({ common })
  for (const [address, { balance, code, storage }] of Object.entries(world.accounts)) {
    const at = createAddressFromString(address)
    await stateManager.putAccount(at, new Account(1n, BigInt(balance)))
    if (code !== '0x') await stateManager.putCode(at, hexToBytes(code))
    for (const [slot, word] of Object.entries(storage)) {
      await stateManager.putStorage(at, storageKey(slot), shortest(word))
    }
  }
  const hashes = world.hashes ?? {}
  const blockchain = {
    getBlock: async (number) => ({ hash: () => hexToBytes(hashes[number] ?? UNKNOWN) }),
    putBlock: async () => {},
    shallowCopy() { return this },
  }
  const evm = await createEVM({ common, stateManager, params, blockchain })
  const vm = await createVM({ common, stateManager, evm, blockchain })
  const header = {
    number: world.number, timestamp: world.timestamp, gasLimit: 60_000_000n, baseFeePerGas: 0n,
    difficulty: 0n,
  }
  return { vm, block: createBlock({ header }, { common, skipConsensusFormatValidation: true }) }
}

// An unsigned transaction, whose gas limit and gas price can be set later.
export function transaction({ vm }, { sender, to, data, value }) {
  const tx = createLegacyTx({ to, data, value: BigInt(value ?? 0) }, { common: vm.common, freeze: false })
  tx.isSigned = () => true
  tx.hash = () => new Uint8Array(32)
  tx.getSenderAddress = () => createAddressFromString(sender)
  return tx
}
