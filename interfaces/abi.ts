// SPDX-License-Identifier: MIT
// Generated from interfaces/*.vyi by `make abi`.

export const attestationVerifierAbi = [
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "verify",
    "inputs": [
      {
        "name": "_evidence",
        "type": "bytes",
        "internalType": "bytes"
      },
      {
        "name": "_report_data",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "tuple",
        "components": [
          {
            "name": "program",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "platform",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "expiry",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct IAttestationVerifier.Attestation"
      }
    ]
  }
] as const;

export const dcapVerifierAbi = [
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "verify",
    "inputs": [
      {
        "name": "_evidence",
        "type": "bytes",
        "internalType": "bytes"
      },
      {
        "name": "_report_data",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "tuple",
        "components": [
          {
            "name": "program",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "platform",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "expiry",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct IAttestationVerifier.Attestation"
      }
    ]
  },
  {
    "name": "AuthorityAdded",
    "inputs": [
      {
        "name": "authority",
        "type": "tuple",
        "components": [
          {
            "name": "id",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "key",
            "type": "bytes32[2]",
            "internalType": "bytes32[2]"
          },
          {
            "name": "subject",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "expiry",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "indexed": false,
        "internalType": "struct IDcapVerifier.Authority"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "PckAdded",
    "inputs": [
      {
        "name": "pck",
        "type": "tuple",
        "components": [
          {
            "name": "id",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "authority",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "key",
            "type": "bytes32[2]",
            "internalType": "bytes32[2]"
          },
          {
            "name": "platform",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "fmspc",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "tcb",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "expiry",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "indexed": false,
        "internalType": "struct IDcapVerifier.Pck"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "CertificateRevoked",
    "inputs": [
      {
        "name": "id",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "CrlApplied",
    "inputs": [
      {
        "name": "authority",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      },
      {
        "name": "this_update",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "verify_quote",
    "inputs": [
      {
        "name": "_evidence",
        "type": "bytes",
        "internalType": "bytes"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "tuple",
        "components": [
          {
            "name": "program",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "platform",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "expiry",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct IAttestationVerifier.Attestation"
      },
      {
        "name": "",
        "type": "bytes32[2]",
        "internalType": "bytes32[2]"
      }
    ]
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "add_ca",
    "inputs": [
      {
        "name": "_certificate",
        "type": "bytes",
        "internalType": "bytes"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "tuple",
        "components": [
          {
            "name": "id",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "key",
            "type": "bytes32[2]",
            "internalType": "bytes32[2]"
          },
          {
            "name": "subject",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "expiry",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct IDcapVerifier.Authority"
      }
    ]
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "add_pck",
    "inputs": [
      {
        "name": "_authority",
        "type": "tuple",
        "components": [
          {
            "name": "id",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "key",
            "type": "bytes32[2]",
            "internalType": "bytes32[2]"
          },
          {
            "name": "subject",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "expiry",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct IDcapVerifier.Authority"
      },
      {
        "name": "_certificate",
        "type": "bytes",
        "internalType": "bytes"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "tuple",
        "components": [
          {
            "name": "id",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "authority",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "key",
            "type": "bytes32[2]",
            "internalType": "bytes32[2]"
          },
          {
            "name": "platform",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "fmspc",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "tcb",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "expiry",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct IDcapVerifier.Pck"
      }
    ]
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "add_crl",
    "inputs": [
      {
        "name": "_authority",
        "type": "tuple",
        "components": [
          {
            "name": "id",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "key",
            "type": "bytes32[2]",
            "internalType": "bytes32[2]"
          },
          {
            "name": "subject",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "expiry",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct IDcapVerifier.Authority"
      },
      {
        "name": "_crl",
        "type": "bytes",
        "internalType": "bytes"
      },
      {
        "name": "_count",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "root",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "bytes32[2]",
        "internalType": "bytes32[2]"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "certificate",
    "inputs": [
      {
        "name": "_id",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "policy",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "address",
        "internalType": "address"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "signer_key",
    "inputs": [
      {
        "name": "_certificate",
        "type": "bytes",
        "internalType": "bytes"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bytes32[2]",
        "internalType": "bytes32[2]"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "crl_updated",
    "inputs": [
      {
        "name": "_authority",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "crl_next_update",
    "inputs": [
      {
        "name": "_authority",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "crl_progress",
    "inputs": [
      {
        "name": "_authority",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_digest",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  }
] as const;

export const enclaveRegistryAbi = [
  {
    "name": "Staked",
    "inputs": [
      {
        "name": "operator",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "amount",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "stake",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "UnstakeRequested",
    "inputs": [
      {
        "name": "operator",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "unlocks_at",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "Unstaked",
    "inputs": [
      {
        "name": "operator",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "to",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "amount",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "EnclaveRegistered",
    "inputs": [
      {
        "name": "signing_key",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "operator",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "measurement",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      },
      {
        "name": "platform",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      },
      {
        "name": "sealing_key",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      },
      {
        "name": "verifier",
        "type": "address",
        "indexed": false,
        "internalType": "address"
      },
      {
        "name": "program",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      },
      {
        "name": "expiry",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "EnclaveRetired",
    "inputs": [
      {
        "name": "signing_key",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "measurement",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      },
      {
        "name": "successor",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "EndpointAnnounced",
    "inputs": [
      {
        "name": "operator",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "uri",
        "type": "string",
        "indexed": false,
        "internalType": "string"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "EnclaveRevoked",
    "inputs": [
      {
        "name": "signing_key",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "measurement",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "PlatformRevoked",
    "inputs": [
      {
        "name": "platform",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "MeasurementRevoked",
    "inputs": [
      {
        "name": "measurement",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "VerifierRevoked",
    "inputs": [
      {
        "name": "verifier",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "MeasurementDescribed",
    "inputs": [
      {
        "name": "measurement",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      },
      {
        "name": "verifier",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "program",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      },
      {
        "name": "source",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      },
      {
        "name": "text",
        "type": "string",
        "indexed": false,
        "internalType": "string"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "VerifierProposed",
    "inputs": [
      {
        "name": "verifier",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "ready_at",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "VerifierAdded",
    "inputs": [
      {
        "name": "verifier",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "MarketSet",
    "inputs": [
      {
        "name": "market",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "Slashed",
    "inputs": [
      {
        "name": "operator",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "beneficiary",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "asked",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "taken",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "EquivocationProven",
    "inputs": [
      {
        "name": "operator",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "prover",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "platform",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      },
      {
        "name": "task_id",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      },
      {
        "name": "stake",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "reward",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "StakeBurned",
    "inputs": [
      {
        "name": "operator",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "amount",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "Withdrawn",
    "inputs": [
      {
        "name": "account",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "to",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "amount",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "OwnershipTransferStarted",
    "inputs": [
      {
        "name": "previous_owner",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "new_owner",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "OwnershipTransferred",
    "inputs": [
      {
        "name": "previous_owner",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "new_owner",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "stateMutability": "payable",
    "type": "function",
    "name": "stake",
    "inputs": [],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "request_unstake",
    "inputs": [],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "unstake",
    "inputs": [
      {
        "name": "_to",
        "type": "address",
        "internalType": "address"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "withdraw",
    "inputs": [
      {
        "name": "_to",
        "type": "address",
        "internalType": "address"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "register_enclave",
    "inputs": [
      {
        "name": "_verifier",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "_evidence",
        "type": "bytes",
        "internalType": "bytes"
      },
      {
        "name": "_signing_key",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "_sealing_key",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_block_number",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ]
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "announce",
    "inputs": [
      {
        "name": "_uri",
        "type": "string",
        "internalType": "string"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "revoke_enclave",
    "inputs": [
      {
        "name": "_signing_key",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "_measurement",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "revoke_platform",
    "inputs": [
      {
        "name": "_platform",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "revoke_measurement",
    "inputs": [
      {
        "name": "_measurement",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "revoke_verifier",
    "inputs": [
      {
        "name": "_verifier",
        "type": "address",
        "internalType": "address"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "propose_verifier",
    "inputs": [
      {
        "name": "_verifier",
        "type": "address",
        "internalType": "address"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "add_verifier",
    "inputs": [
      {
        "name": "_verifier",
        "type": "address",
        "internalType": "address"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "describe_measurement",
    "inputs": [
      {
        "name": "_verifier",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "_program",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_source",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_text",
        "type": "string",
        "internalType": "string"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ]
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "set_market",
    "inputs": [
      {
        "name": "_market",
        "type": "address",
        "internalType": "address"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "transfer_ownership",
    "inputs": [
      {
        "name": "_new_owner",
        "type": "address",
        "internalType": "address"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "accept_ownership",
    "inputs": [],
    "outputs": []
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "check_quorum",
    "inputs": [
      {
        "name": "_digest",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_measurement",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_min_stake",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "_roster",
        "type": "tuple[]",
        "components": [
          {
            "name": "signing_key",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "sealing_key",
            "type": "bytes32",
            "internalType": "bytes32"
          }
        ],
        "internalType": "struct Types.RosterEntry[]"
      },
      {
        "name": "_cosignatures",
        "type": "tuple[]",
        "components": [
          {
            "name": "r",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "vs",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "platform",
            "type": "bytes32",
            "internalType": "bytes32"
          }
        ],
        "internalType": "struct Types.Cosignature[]"
      },
      {
        "name": "_excluded",
        "type": "tuple[]",
        "components": [
          {
            "name": "signing_key",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "operator",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "platform",
            "type": "bytes32",
            "internalType": "bytes32"
          }
        ],
        "internalType": "struct Types.Signer[]"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "tuple[]",
        "components": [
          {
            "name": "signing_key",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "operator",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "platform",
            "type": "bytes32",
            "internalType": "bytes32"
          }
        ],
        "internalType": "struct Types.Signer[]"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "check_encoded_quorum",
    "inputs": [
      {
        "name": "_digest",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_measurement",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_min_stake",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "_roster",
        "type": "bytes",
        "internalType": "bytes"
      },
      {
        "name": "_cosignatures",
        "type": "tuple[]",
        "components": [
          {
            "name": "r",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "vs",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "platform",
            "type": "bytes32",
            "internalType": "bytes32"
          }
        ],
        "internalType": "struct Types.Cosignature[]"
      },
      {
        "name": "_excluded",
        "type": "tuple[]",
        "components": [
          {
            "name": "signing_key",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "operator",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "platform",
            "type": "bytes32",
            "internalType": "bytes32"
          }
        ],
        "internalType": "struct Types.Signer[]"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bytes",
        "internalType": "bytes"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "revoked_since",
    "inputs": [
      {
        "name": "_signers",
        "type": "tuple[]",
        "components": [
          {
            "name": "signing_key",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "operator",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "platform",
            "type": "bytes32",
            "internalType": "bytes32"
          }
        ],
        "internalType": "struct Types.Signer[]"
      },
      {
        "name": "_measurement",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_time",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bool",
        "internalType": "bool"
      }
    ]
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "slash",
    "inputs": [
      {
        "name": "_operator",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "_amount",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "_beneficiary",
        "type": "address",
        "internalType": "address"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "prove_equivocation",
    "inputs": [
      {
        "name": "_task",
        "type": "tuple",
        "components": [
          {
            "name": "token",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "budget",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "max_awards",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "measurement",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "roster",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "quorum",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "min_stake",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "report_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "dispute_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "claim_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "curve",
            "type": "uint256[4]",
            "internalType": "uint256[4]"
          },
          {
            "name": "provider",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "benchmark_fee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "benchmark",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "tolerance",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "delivery_key",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "max_submissions",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_bond",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "entry_fee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "reveal_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "verdict_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "nonce",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct Types.Task"
      },
      {
        "name": "_reports",
        "type": "tuple[2]",
        "components": [
          {
            "name": "task_id",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "round",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "seed",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "inventory",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "results",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "choices",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "awards",
            "type": "uint256[2]",
            "internalType": "uint256[2]"
          }
        ],
        "internalType": "struct Types.Report[2]"
      },
      {
        "name": "_cosignatures",
        "type": "tuple[2]",
        "components": [
          {
            "name": "r",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "vs",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "platform",
            "type": "bytes32",
            "internalType": "bytes32"
          }
        ],
        "internalType": "struct Types.Cosignature[2]"
      },
      {
        "name": "_operator",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "_sealing_key",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "burn_stake",
    "inputs": [
      {
        "name": "_operator",
        "type": "address",
        "internalType": "address"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "owner",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "address",
        "internalType": "address"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "pending_owner",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "address",
        "internalType": "address"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "market",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "address",
        "internalType": "address"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "operator",
    "inputs": [
      {
        "name": "_account",
        "type": "address",
        "internalType": "address"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "tuple",
        "components": [
          {
            "name": "stake",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "unlocks_at",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "epoch",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "condemned_at",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "platforms",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct IEnclaveRegistry.Operator"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "enclave",
    "inputs": [
      {
        "name": "_signing_key",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "_measurement",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "tuple",
        "components": [
          {
            "name": "binding",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "expiry",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "revoked_at",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "epoch",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct IEnclaveRegistry.Enclave"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "platform",
    "inputs": [
      {
        "name": "_id",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "tuple",
        "components": [
          {
            "name": "operator",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "held_until",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "revoked_at",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "epoch",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct IEnclaveRegistry.Platform"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "latest_key",
    "inputs": [
      {
        "name": "_platform",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_measurement",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "address",
        "internalType": "address"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "platform_stake",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "measurement",
    "inputs": [
      {
        "name": "_id",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "tuple",
        "components": [
          {
            "name": "verifier",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "revoked_at",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct IEnclaveRegistry.Measurement"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "description",
    "inputs": [
      {
        "name": "_measurement",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "tuple",
        "components": [
          {
            "name": "source",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "text",
            "type": "string",
            "internalType": "string"
          }
        ],
        "internalType": "struct IEnclaveRegistry.Description"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "verifier",
    "inputs": [
      {
        "name": "_address",
        "type": "address",
        "internalType": "address"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "tuple",
        "components": [
          {
            "name": "ready_at",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "added_at",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "revoked_at",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct IEnclaveRegistry.Verifier"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "is_active",
    "inputs": [
      {
        "name": "_signing_key",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "_sealing_key",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_platform",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_measurement",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bool",
        "internalType": "bool"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "report_data",
    "inputs": [
      {
        "name": "_operator",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "_signing_key",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "_sealing_key",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_block_number",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "credits",
    "inputs": [
      {
        "name": "_account",
        "type": "address",
        "internalType": "address"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  }
] as const;

export const modelMarketAbi = [
  {
    "name": "TaskCreated",
    "inputs": [
      {
        "name": "task_id",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      },
      {
        "name": "provider",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "task",
        "type": "tuple",
        "components": [
          {
            "name": "token",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "budget",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "max_awards",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "measurement",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "roster",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "quorum",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "min_stake",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "report_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "dispute_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "claim_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "curve",
            "type": "uint256[4]",
            "internalType": "uint256[4]"
          },
          {
            "name": "provider",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "benchmark_fee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "benchmark",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "tolerance",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "delivery_key",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "max_submissions",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_bond",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "entry_fee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "reveal_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "verdict_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "nonce",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "indexed": false,
        "internalType": "struct Types.Task"
      },
      {
        "name": "uri",
        "type": "string",
        "indexed": false,
        "internalType": "string"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "ModelCommitted",
    "inputs": [
      {
        "name": "task_id",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      },
      {
        "name": "developer",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "index",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "commitment",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "ModelRevealed",
    "inputs": [
      {
        "name": "task_id",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      },
      {
        "name": "index",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "developer",
        "type": "address",
        "indexed": false,
        "internalType": "address"
      },
      {
        "name": "submission",
        "type": "tuple",
        "components": [
          {
            "name": "model_digest",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "artifact_digest",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "envelope_digest",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "min_price",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "indexed": false,
        "internalType": "struct Types.Submission"
      },
      {
        "name": "keyring_digest",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      },
      {
        "name": "salt",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      },
      {
        "name": "uri",
        "type": "string",
        "indexed": false,
        "internalType": "string"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "RevealsClosed",
    "inputs": [
      {
        "name": "task_id",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      },
      {
        "name": "seed",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      },
      {
        "name": "prevrandao",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      },
      {
        "name": "parent_hash",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "ReportPosted",
    "inputs": [
      {
        "name": "task_id",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      },
      {
        "name": "inventory",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      },
      {
        "name": "results",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      },
      {
        "name": "choices",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "payouts",
        "type": "uint256[]",
        "indexed": false,
        "internalType": "uint256[]"
      },
      {
        "name": "signers",
        "type": "tuple[]",
        "components": [
          {
            "name": "signing_key",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "operator",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "platform",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "r",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "vs",
            "type": "bytes32",
            "internalType": "bytes32"
          }
        ],
        "indexed": false,
        "internalType": "struct IModelMarket.Endorsement[]"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "ReportDisputed",
    "inputs": [
      {
        "name": "task_id",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      },
      {
        "name": "challenger",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "bond",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "verdict_deadline",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "DisputeResolved",
    "inputs": [
      {
        "name": "task_id",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      },
      {
        "name": "upheld",
        "type": "bool",
        "indexed": false,
        "internalType": "bool"
      },
      {
        "name": "results",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      },
      {
        "name": "choices",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "payouts",
        "type": "uint256[]",
        "indexed": false,
        "internalType": "uint256[]"
      },
      {
        "name": "panel",
        "type": "tuple[]",
        "components": [
          {
            "name": "signing_key",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "operator",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "platform",
            "type": "bytes32",
            "internalType": "bytes32"
          }
        ],
        "indexed": false,
        "internalType": "struct Types.Signer[]"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "DisputeExpired",
    "inputs": [
      {
        "name": "task_id",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      },
      {
        "name": "voided",
        "type": "bool",
        "indexed": false,
        "internalType": "bool"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "AwardClaimed",
    "inputs": [
      {
        "name": "task_id",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      },
      {
        "name": "developer",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "index",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "price",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "envelope",
        "type": "bytes",
        "indexed": false,
        "internalType": "bytes"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "TaskSettled",
    "inputs": [
      {
        "name": "task_id",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      },
      {
        "name": "refund",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "fee",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "pot",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "TaskVoided",
    "inputs": [
      {
        "name": "task_id",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      },
      {
        "name": "refund",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "pot_refund",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "ShareClaimed",
    "inputs": [
      {
        "name": "task_id",
        "type": "bytes32",
        "indexed": true,
        "internalType": "bytes32"
      },
      {
        "name": "developer",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "index",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "fee_share",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "pot_share",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "Credited",
    "inputs": [
      {
        "name": "token",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "account",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "amount",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "Withdrawn",
    "inputs": [
      {
        "name": "token",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "account",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "to",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "amount",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "stateMutability": "payable",
    "type": "function",
    "name": "create_task",
    "inputs": [
      {
        "name": "_task",
        "type": "tuple",
        "components": [
          {
            "name": "token",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "budget",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "max_awards",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "measurement",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "roster",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "quorum",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "min_stake",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "report_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "dispute_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "claim_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "curve",
            "type": "uint256[4]",
            "internalType": "uint256[4]"
          },
          {
            "name": "provider",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "benchmark_fee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "benchmark",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "tolerance",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "delivery_key",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "max_submissions",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_bond",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "entry_fee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "reveal_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "verdict_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "nonce",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct Types.Task"
      },
      {
        "name": "_uri",
        "type": "string",
        "internalType": "string"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ]
  },
  {
    "stateMutability": "payable",
    "type": "function",
    "name": "commit_model",
    "inputs": [
      {
        "name": "_task_id",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_commitment",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "reveal_model",
    "inputs": [
      {
        "name": "_task_id",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_index",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "_submission",
        "type": "tuple",
        "components": [
          {
            "name": "model_digest",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "artifact_digest",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "envelope_digest",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "min_price",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct Types.Submission"
      },
      {
        "name": "_keyring_digest",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_salt",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_uri",
        "type": "string",
        "internalType": "string"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "close_reveals",
    "inputs": [
      {
        "name": "_task_id",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ]
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "post_report",
    "inputs": [
      {
        "name": "_terms",
        "type": "tuple",
        "components": [
          {
            "name": "token",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "budget",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "max_awards",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "measurement",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "roster",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "quorum",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "min_stake",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "report_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "dispute_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "claim_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "curve",
            "type": "uint256[4]",
            "internalType": "uint256[4]"
          }
        ],
        "internalType": "struct Types.ReportTerms"
      },
      {
        "name": "_other_terms",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_roster",
        "type": "tuple[]",
        "components": [
          {
            "name": "signing_key",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "sealing_key",
            "type": "bytes32",
            "internalType": "bytes32"
          }
        ],
        "internalType": "struct Types.RosterEntry[]"
      },
      {
        "name": "_inventory",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_results",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_choices",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "_awards",
        "type": "uint256[2]",
        "internalType": "uint256[2]"
      },
      {
        "name": "_cosignatures",
        "type": "tuple[]",
        "components": [
          {
            "name": "r",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "vs",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "platform",
            "type": "bytes32",
            "internalType": "bytes32"
          }
        ],
        "internalType": "struct Types.Cosignature[]"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ]
  },
  {
    "stateMutability": "payable",
    "type": "function",
    "name": "dispute_report",
    "inputs": [
      {
        "name": "_task",
        "type": "tuple",
        "components": [
          {
            "name": "token",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "budget",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "max_awards",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "measurement",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "roster",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "quorum",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "min_stake",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "report_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "dispute_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "claim_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "curve",
            "type": "uint256[4]",
            "internalType": "uint256[4]"
          },
          {
            "name": "provider",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "benchmark_fee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "benchmark",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "tolerance",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "delivery_key",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "max_submissions",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_bond",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "entry_fee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "reveal_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "verdict_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "nonce",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct Types.Task"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "resolve_dispute",
    "inputs": [
      {
        "name": "_task",
        "type": "tuple",
        "components": [
          {
            "name": "token",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "budget",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "max_awards",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "measurement",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "roster",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "quorum",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "min_stake",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "report_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "dispute_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "claim_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "curve",
            "type": "uint256[4]",
            "internalType": "uint256[4]"
          },
          {
            "name": "provider",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "benchmark_fee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "benchmark",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "tolerance",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "delivery_key",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "max_submissions",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_bond",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "entry_fee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "reveal_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "verdict_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "nonce",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct Types.Task"
      },
      {
        "name": "_roster",
        "type": "tuple[]",
        "components": [
          {
            "name": "signing_key",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "sealing_key",
            "type": "bytes32",
            "internalType": "bytes32"
          }
        ],
        "internalType": "struct Types.RosterEntry[]"
      },
      {
        "name": "_posted",
        "type": "tuple",
        "components": [
          {
            "name": "task_id",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "round",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "seed",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "inventory",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "results",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "choices",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "awards",
            "type": "uint256[2]",
            "internalType": "uint256[2]"
          }
        ],
        "internalType": "struct Types.Report"
      },
      {
        "name": "_signers",
        "type": "tuple[]",
        "components": [
          {
            "name": "signing_key",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "operator",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "platform",
            "type": "bytes32",
            "internalType": "bytes32"
          }
        ],
        "internalType": "struct Types.Signer[]"
      },
      {
        "name": "_challenger",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "_verdict",
        "type": "tuple",
        "components": [
          {
            "name": "task_id",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "round",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "seed",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "inventory",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "results",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "choices",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "awards",
            "type": "uint256[2]",
            "internalType": "uint256[2]"
          }
        ],
        "internalType": "struct Types.Report"
      },
      {
        "name": "_cosignatures",
        "type": "tuple[]",
        "components": [
          {
            "name": "r",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "vs",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "platform",
            "type": "bytes32",
            "internalType": "bytes32"
          }
        ],
        "internalType": "struct Types.Cosignature[]"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bool",
        "internalType": "bool"
      }
    ]
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "expire_dispute",
    "inputs": [
      {
        "name": "_task",
        "type": "tuple",
        "components": [
          {
            "name": "token",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "budget",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "max_awards",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "measurement",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "roster",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "quorum",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "min_stake",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "report_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "dispute_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "claim_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "curve",
            "type": "uint256[4]",
            "internalType": "uint256[4]"
          },
          {
            "name": "provider",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "benchmark_fee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "benchmark",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "tolerance",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "delivery_key",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "max_submissions",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_bond",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "entry_fee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "reveal_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "verdict_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "nonce",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct Types.Task"
      },
      {
        "name": "_payouts",
        "type": "uint256[]",
        "internalType": "uint256[]"
      },
      {
        "name": "_report_digest",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_signers",
        "type": "tuple[]",
        "components": [
          {
            "name": "signing_key",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "operator",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "platform",
            "type": "bytes32",
            "internalType": "bytes32"
          }
        ],
        "internalType": "struct Types.Signer[]"
      },
      {
        "name": "_challenger",
        "type": "address",
        "internalType": "address"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bool",
        "internalType": "bool"
      }
    ]
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "claim_award",
    "inputs": [
      {
        "name": "_task_id",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_award",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "_token",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "_payouts",
        "type": "uint256[]",
        "internalType": "uint256[]"
      },
      {
        "name": "_signed",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_min_price",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "_payload",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_envelope",
        "type": "bytes",
        "internalType": "bytes"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "settle",
    "inputs": [
      {
        "name": "_task",
        "type": "tuple",
        "components": [
          {
            "name": "token",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "budget",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "max_awards",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "measurement",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "roster",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "quorum",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "min_stake",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "report_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "dispute_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "claim_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "curve",
            "type": "uint256[4]",
            "internalType": "uint256[4]"
          },
          {
            "name": "provider",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "benchmark_fee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "benchmark",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "tolerance",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "delivery_key",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "max_submissions",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_bond",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "entry_fee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "reveal_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "verdict_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "nonce",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct Types.Task"
      },
      {
        "name": "_payouts",
        "type": "uint256[]",
        "internalType": "uint256[]"
      },
      {
        "name": "_report_digest",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_signers",
        "type": "tuple[]",
        "components": [
          {
            "name": "signing_key",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "operator",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "platform",
            "type": "bytes32",
            "internalType": "bytes32"
          }
        ],
        "internalType": "struct Types.Signer[]"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "void",
    "inputs": [
      {
        "name": "_task",
        "type": "tuple",
        "components": [
          {
            "name": "token",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "budget",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "max_awards",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "measurement",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "roster",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "quorum",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "min_stake",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "report_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "dispute_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "claim_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "curve",
            "type": "uint256[4]",
            "internalType": "uint256[4]"
          },
          {
            "name": "provider",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "benchmark_fee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "benchmark",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "tolerance",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "delivery_key",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "max_submissions",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_bond",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "entry_fee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "reveal_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "verdict_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "nonce",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct Types.Task"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "claim_share",
    "inputs": [
      {
        "name": "_task",
        "type": "tuple",
        "components": [
          {
            "name": "token",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "budget",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "max_awards",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "measurement",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "roster",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "quorum",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "min_stake",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "report_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "dispute_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "claim_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "curve",
            "type": "uint256[4]",
            "internalType": "uint256[4]"
          },
          {
            "name": "provider",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "benchmark_fee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "benchmark",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "tolerance",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "delivery_key",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "max_submissions",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_bond",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "entry_fee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "reveal_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "verdict_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "nonce",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct Types.Task"
      },
      {
        "name": "_index",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "_developer",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "_envelope_digest",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_min_price",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "_payload",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "withdraw",
    "inputs": [
      {
        "name": "_token",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "_to",
        "type": "address",
        "internalType": "address"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "registry",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "address",
        "internalType": "address"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "seat_bond",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "min_tolerance",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "payment_gas",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "progress",
    "inputs": [
      {
        "name": "_task_id",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "tuple",
        "components": [
          {
            "name": "stage",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "time_a",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "time_b",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "max_submissions",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commits",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "reveals",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "awards",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "claimed",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_bond",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "entry_fee",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct IModelMarket.Progress"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "head",
    "inputs": [
      {
        "name": "_task_id",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "submissions",
    "inputs": [
      {
        "name": "_task_id",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "_index",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "task_id",
    "inputs": [
      {
        "name": "_task",
        "type": "tuple",
        "components": [
          {
            "name": "token",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "budget",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "max_awards",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "measurement",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "roster",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "quorum",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "min_stake",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "report_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "dispute_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "claim_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "curve",
            "type": "uint256[4]",
            "internalType": "uint256[4]"
          },
          {
            "name": "provider",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "benchmark_fee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "benchmark",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "tolerance",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "delivery_key",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "max_submissions",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_bond",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "entry_fee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "reveal_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "verdict_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "nonce",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct Types.Task"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "other_terms",
    "inputs": [
      {
        "name": "_task",
        "type": "tuple",
        "components": [
          {
            "name": "token",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "budget",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "max_awards",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "measurement",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "roster",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "quorum",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "min_stake",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "report_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "dispute_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "claim_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "curve",
            "type": "uint256[4]",
            "internalType": "uint256[4]"
          },
          {
            "name": "provider",
            "type": "address",
            "internalType": "address"
          },
          {
            "name": "benchmark_fee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "benchmark",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "tolerance",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "delivery_key",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "max_submissions",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_bond",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "entry_fee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "commit_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "reveal_deadline",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "verdict_window",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "nonce",
            "type": "uint256",
            "internalType": "uint256"
          }
        ],
        "internalType": "struct Types.Task"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "report_digest",
    "inputs": [
      {
        "name": "_report",
        "type": "tuple",
        "components": [
          {
            "name": "task_id",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "round",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "seed",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "inventory",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "results",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "choices",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "awards",
            "type": "uint256[2]",
            "internalType": "uint256[2]"
          }
        ],
        "internalType": "struct Types.Report"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bytes32",
        "internalType": "bytes32"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "eip712Domain",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "bytes1",
        "internalType": "bytes1"
      },
      {
        "name": "",
        "type": "string",
        "internalType": "string"
      },
      {
        "name": "",
        "type": "string",
        "internalType": "string"
      },
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "",
        "type": "bytes32",
        "internalType": "bytes32"
      },
      {
        "name": "",
        "type": "uint256[]",
        "internalType": "uint256[]"
      }
    ]
  },
  {
    "stateMutability": "pure",
    "type": "function",
    "name": "price",
    "inputs": [
      {
        "name": "_curve",
        "type": "uint256[4]",
        "internalType": "uint256[4]"
      },
      {
        "name": "_score",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "credits",
    "inputs": [
      {
        "name": "_token",
        "type": "address",
        "internalType": "address"
      },
      {
        "name": "_account",
        "type": "address",
        "internalType": "address"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  }
] as const;

export const tcbPolicyAbi = [
  {
    "name": "TcbUpdated",
    "inputs": [
      {
        "name": "tee",
        "type": "uint256",
        "indexed": true,
        "internalType": "uint256"
      },
      {
        "name": "fmspc",
        "type": "bytes6",
        "indexed": true,
        "internalType": "bytes6"
      },
      {
        "name": "number",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "digest",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "IdentityUpdated",
    "inputs": [
      {
        "name": "tee",
        "type": "uint256",
        "indexed": true,
        "internalType": "uint256"
      },
      {
        "name": "number",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "digest",
        "type": "bytes32",
        "indexed": false,
        "internalType": "bytes32"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "FloorRaised",
    "inputs": [
      {
        "name": "tee",
        "type": "uint256",
        "indexed": true,
        "internalType": "uint256"
      },
      {
        "name": "fmspc",
        "type": "bytes6",
        "indexed": true,
        "internalType": "bytes6"
      },
      {
        "name": "svns",
        "type": "bytes16",
        "indexed": false,
        "internalType": "bytes16"
      },
      {
        "name": "pce_svn",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "tdx_svns",
        "type": "bytes16",
        "indexed": false,
        "internalType": "bytes16"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "ModuleRaised",
    "inputs": [
      {
        "name": "fmspc",
        "type": "bytes6",
        "indexed": true,
        "internalType": "bytes6"
      },
      {
        "name": "version",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "svn",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "QeSvnRaised",
    "inputs": [
      {
        "name": "tee",
        "type": "uint256",
        "indexed": true,
        "internalType": "uint256"
      },
      {
        "name": "svn",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "LeastNumbersRaised",
    "inputs": [
      {
        "name": "tcb",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      },
      {
        "name": "identity",
        "type": "uint256",
        "indexed": false,
        "internalType": "uint256"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "VerifierSet",
    "inputs": [
      {
        "name": "verifier",
        "type": "address",
        "indexed": false,
        "internalType": "address"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "OwnershipTransferStarted",
    "inputs": [
      {
        "name": "previous_owner",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "new_owner",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "name": "OwnershipTransferred",
    "inputs": [
      {
        "name": "previous_owner",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      },
      {
        "name": "new_owner",
        "type": "address",
        "indexed": true,
        "internalType": "address"
      }
    ],
    "anonymous": false,
    "type": "event"
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "update_tcb",
    "inputs": [
      {
        "name": "_document",
        "type": "bytes",
        "internalType": "bytes"
      },
      {
        "name": "_signature",
        "type": "bytes32[2]",
        "internalType": "bytes32[2]"
      },
      {
        "name": "_certificate",
        "type": "bytes",
        "internalType": "bytes"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "update_identity",
    "inputs": [
      {
        "name": "_document",
        "type": "bytes",
        "internalType": "bytes"
      },
      {
        "name": "_signature",
        "type": "bytes32[2]",
        "internalType": "bytes32[2]"
      },
      {
        "name": "_certificate",
        "type": "bytes",
        "internalType": "bytes"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "check",
    "inputs": [
      {
        "name": "_quoted",
        "type": "tuple",
        "components": [
          {
            "name": "tee",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "fmspc",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "tcb",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "tdx_svns",
            "type": "uint256[2]",
            "internalType": "uint256[2]"
          },
          {
            "name": "seam",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "qe_report",
            "type": "uint256[12]",
            "internalType": "uint256[12]"
          }
        ],
        "internalType": "struct ITcbPolicy.Quoted"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "bool",
        "internalType": "bool"
      }
    ]
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "set_verifier",
    "inputs": [
      {
        "name": "_verifier",
        "type": "address",
        "internalType": "address"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "raise_floor",
    "inputs": [
      {
        "name": "_tee",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "_fmspc",
        "type": "bytes6",
        "internalType": "bytes6"
      },
      {
        "name": "_svns",
        "type": "bytes16",
        "internalType": "bytes16"
      },
      {
        "name": "_pce_svn",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "_tdx_svns",
        "type": "bytes16",
        "internalType": "bytes16"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "raise_module",
    "inputs": [
      {
        "name": "_fmspc",
        "type": "bytes6",
        "internalType": "bytes6"
      },
      {
        "name": "_version",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "_svn",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "raise_qe_svn",
    "inputs": [
      {
        "name": "_tee",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "_svn",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "raise_least_numbers",
    "inputs": [
      {
        "name": "_tcb",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "_identity",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "kept_floors",
    "inputs": [
      {
        "name": "_tee",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "_fmspc",
        "type": "bytes6",
        "internalType": "bytes6"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "tuple[]",
        "components": [
          {
            "name": "number",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "issued",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "next_update",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "live",
            "type": "bool",
            "internalType": "bool"
          },
          {
            "name": "accepted",
            "type": "bool",
            "internalType": "bool"
          },
          {
            "name": "svns",
            "type": "bytes16",
            "internalType": "bytes16"
          },
          {
            "name": "pce_svn",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "tdx_svns",
            "type": "bytes16",
            "internalType": "bytes16"
          },
          {
            "name": "modules",
            "type": "tuple[]",
            "components": [
              {
                "name": "version",
                "type": "uint256",
                "internalType": "uint256"
              },
              {
                "name": "svn",
                "type": "uint256",
                "internalType": "uint256"
              }
            ],
            "internalType": "struct ITcbPolicy.Module[]"
          }
        ],
        "internalType": "struct ITcbPolicy.TcbFloor[]"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "kept_identities",
    "inputs": [
      {
        "name": "_tee",
        "type": "uint256",
        "internalType": "uint256"
      }
    ],
    "outputs": [
      {
        "name": "",
        "type": "tuple[]",
        "components": [
          {
            "name": "number",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "issued",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "next_update",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "live",
            "type": "bool",
            "internalType": "bool"
          },
          {
            "name": "accepted",
            "type": "bool",
            "internalType": "bool"
          },
          {
            "name": "mr_signer",
            "type": "bytes32",
            "internalType": "bytes32"
          },
          {
            "name": "product",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "min_svn",
            "type": "uint256",
            "internalType": "uint256"
          },
          {
            "name": "attributes",
            "type": "bytes16",
            "internalType": "bytes16"
          },
          {
            "name": "attributes_mask",
            "type": "bytes16",
            "internalType": "bytes16"
          },
          {
            "name": "misc_select",
            "type": "bytes4",
            "internalType": "bytes4"
          },
          {
            "name": "misc_select_mask",
            "type": "bytes4",
            "internalType": "bytes4"
          }
        ],
        "internalType": "struct ITcbPolicy.QeIdentity[]"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "least_numbers",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      },
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "accepted_statuses",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "grace",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "uint256",
        "internalType": "uint256"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "verifier",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "address",
        "internalType": "address"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "owner",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "address",
        "internalType": "address"
      }
    ]
  },
  {
    "stateMutability": "view",
    "type": "function",
    "name": "pending_owner",
    "inputs": [],
    "outputs": [
      {
        "name": "",
        "type": "address",
        "internalType": "address"
      }
    ]
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "transfer_ownership",
    "inputs": [
      {
        "name": "_new_owner",
        "type": "address",
        "internalType": "address"
      }
    ],
    "outputs": []
  },
  {
    "stateMutability": "nonpayable",
    "type": "function",
    "name": "accept_ownership",
    "inputs": [],
    "outputs": []
  }
] as const;

export const eip712 = {
  "domain": {
    "name": "GoldenGrain",
    "version": "1"
  },
  "types": {
    "EIP712Domain": [
      {
        "name": "name",
        "type": "string"
      },
      {
        "name": "version",
        "type": "string"
      },
      {
        "name": "chainId",
        "type": "uint256"
      },
      {
        "name": "verifyingContract",
        "type": "address"
      }
    ],
    "Task": [
      {
        "name": "report_terms",
        "type": "ReportTerms"
      },
      {
        "name": "other_terms",
        "type": "OtherTerms"
      }
    ],
    "ReportTerms": [
      {
        "name": "token",
        "type": "address"
      },
      {
        "name": "budget",
        "type": "uint256"
      },
      {
        "name": "max_awards",
        "type": "uint256"
      },
      {
        "name": "measurement",
        "type": "bytes32"
      },
      {
        "name": "roster",
        "type": "bytes32"
      },
      {
        "name": "quorum",
        "type": "uint256"
      },
      {
        "name": "min_stake",
        "type": "uint256"
      },
      {
        "name": "report_deadline",
        "type": "uint256"
      },
      {
        "name": "dispute_window",
        "type": "uint256"
      },
      {
        "name": "claim_window",
        "type": "uint256"
      },
      {
        "name": "curve",
        "type": "uint256[4]"
      }
    ],
    "OtherTerms": [
      {
        "name": "provider",
        "type": "address"
      },
      {
        "name": "benchmark_fee",
        "type": "uint256"
      },
      {
        "name": "benchmark",
        "type": "bytes32"
      },
      {
        "name": "tolerance",
        "type": "uint256"
      },
      {
        "name": "delivery_key",
        "type": "bytes32"
      },
      {
        "name": "max_submissions",
        "type": "uint256"
      },
      {
        "name": "commit_bond",
        "type": "uint256"
      },
      {
        "name": "entry_fee",
        "type": "uint256"
      },
      {
        "name": "commit_deadline",
        "type": "uint256"
      },
      {
        "name": "reveal_deadline",
        "type": "uint256"
      },
      {
        "name": "verdict_window",
        "type": "uint256"
      },
      {
        "name": "nonce",
        "type": "uint256"
      }
    ],
    "Report": [
      {
        "name": "task_id",
        "type": "bytes32"
      },
      {
        "name": "round",
        "type": "uint256"
      },
      {
        "name": "seed",
        "type": "bytes32"
      },
      {
        "name": "inventory",
        "type": "bytes32"
      },
      {
        "name": "results",
        "type": "bytes32"
      },
      {
        "name": "choices",
        "type": "uint256"
      },
      {
        "name": "awards",
        "type": "uint256[2]"
      }
    ]
  }
} as const;
