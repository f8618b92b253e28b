package xet

import "hash/crc64"

// ChecksumAlgo names the checksum of a GrantRequest.
const ChecksumAlgo = "crc64nvme"

// nvme is the polynomial of CRC-64/NVME, in the reversed form of hash/crc64.
// Source: CRC-64/NVME in the catalogue of parametrised CRC algorithms.
var nvme = crc64.MakeTable(0x9a6c9329ac4bc9b5)

// AddChecksum is the checksum of what sum is the checksum of, followed by
// data. It begins with 0.
func AddChecksum(sum uint64, data []byte) uint64 { return crc64.Update(sum, nvme, data) }
